"""What the mail simulator does wrong on request, as the real clients see it."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest
from aioimaplib import IMAP4

from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.proxy import CutProxy
from hub.testing.waiting import PATIENCE, eventually

OURS, ANNA = "support@romashka.example", "anna@example.com"
ACCOUNTS = [
    Account(address=OURS, user="support", password="ours"),
    Account(address=ANNA, user="anna", password="hers", open_sender=True),
]


@pytest.fixture
async def simulator() -> AsyncIterator[MailSimulator]:
    async with MailSimulator(ACCOUNTS) as running:
        yield running


async def submit(simulator: MailSimulator, *, to: str = OURS, address: str = "", seconds: float = PATIENCE) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANNA, to, "Vases"
    mail.set_content("hi")
    host, _, port = (address or simulator.smtp_address).rpartition(":")
    await aiosmtplib.send(
        mail, hostname=host, port=int(port), username="anna", password="hers", start_tls=False, timeout=seconds
    )


async def connected(address: str) -> IMAP4:
    host, _, port = address.rpartition(":")
    client = IMAP4(host, int(port), timeout=PATIENCE)
    await client.wait_hello_from_server()
    return client


async def test_logins_are_refused_with_the_words_given(simulator: MailSimulator) -> None:
    simulator.faults.imap_logins_refused = "Mailbox locked"
    simulator.faults.smtp_logins_refused = "Account suspended"
    client = await connected(simulator.imap_address)
    response = await client.login("support", "ours")
    assert (response.result, b"Mailbox locked" in response.lines[0]) == ("NO", True)
    client.protocol.transport.abort()
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
        await submit(simulator)
    assert (refused.value.code, refused.value.message) == (535, "5.7.8 Account suspended")
    simulator.faults.clear()
    await submit(simulator)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_command_is_answered_as_told_for_the_next_few(simulator: MailSimulator, command: str) -> None:
    simulator.faults.answer(command, "451 4.3.0 try again later", times=2)
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPException, match="try again later"):
            await submit(simulator)
    await submit(simulator)
    assert len(simulator.messages(OURS)) == len(simulator.sent) == 1


async def test_an_address_is_refused_for_good_and_others_are_not(simulator: MailSimulator) -> None:
    simulator.faults.answer("RCPT", "552 5.2.2 mailbox full", times=None, address=OURS)
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match="mailbox full"):
            await submit(simulator, to="support+token@romashka.example")
    await submit(simulator, to=ANNA)
    assert len(simulator.sent) == 1


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_cut_after_data_leaves_the_outcome_unknown(simulator: MailSimulator, accepted: bool) -> None:
    simulator.faults.cut_after_data(accepted=accepted)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await submit(simulator)
    assert len(simulator.messages(OURS)) == len(simulator.sent) == int(accepted)
    await submit(simulator)


async def test_a_server_that_hangs_accepts_and_never_answers(simulator: MailSimulator) -> None:
    simulator.faults.hang()
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await submit(simulator, seconds=0.1)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(connected(simulator.imap_address), 0.1)
    simulator.faults.resume()
    await submit(simulator)


async def test_a_server_that_hangs_can_be_stopped() -> None:
    async with MailSimulator(ACCOUNTS) as simulator:
        client = await connected(simulator.imap_address)
        simulator.faults.hang()
        waiting = asyncio.create_task(client.login("support", "ours"))
        await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    client.protocol.transport.abort()


async def test_a_server_without_idle_says_so(simulator: MailSimulator) -> None:
    simulator.faults.idle = False
    client = await connected(simulator.imap_address)
    await client.login("support", "ours")
    assert not client.has_capability("IDLE")
    simulator.faults.idle = True
    other = await connected(simulator.imap_address)
    await other.login("support", "ours")
    assert other.has_capability("IDLE")
    for each in (client, other):
        await each.logout()
        each.protocol.transport.abort()


async def test_latency_delays_every_answer(simulator: MailSimulator) -> None:
    simulator.faults.latency = 0.01
    client = await connected(simulator.imap_address)
    simulator.faults.latency = 10 * PATIENCE
    for late in (client.login("support", "ours"), connected(simulator.imap_address)):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(late, 0.2)
    client.protocol.transport.abort()


async def test_dropped_connections_are_reset(simulator: MailSimulator) -> None:
    client = await connected(simulator.imap_address)
    smtp = aiosmtplib.SMTP(hostname=simulator.host, port=simulator.smtp_port, start_tls=False)
    await smtp.connect()
    simulator.drop_imap()
    simulator.drop_smtp()
    await eventually(client.protocol.transport.is_closing)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await smtp.noop()


async def test_a_proxy_refuses_hangs_and_lets_through(simulator: MailSimulator) -> None:
    async with CutProxy(simulator.smtp_address) as proxy:
        await submit(simulator, address=proxy.address)
        proxy.refusing = True
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await submit(simulator, address=proxy.address)
        proxy.refusing = False
        proxy.hang()
        with pytest.raises(aiosmtplib.SMTPTimeoutError):
            await submit(simulator, address=proxy.address, seconds=0.1)
        proxy.resume()
        await submit(simulator, address=proxy.address)
    assert len(simulator.sent) == 2


async def test_a_proxy_cuts_what_is_open(simulator: MailSimulator) -> None:
    async with CutProxy(simulator.imap_address) as proxy:
        client = await connected(proxy.address)
        proxy.cut_now()
        await eventually(client.protocol.transport.is_closing)
