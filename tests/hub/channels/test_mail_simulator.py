"""The mail simulator, met by the real clients."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aioimaplib import IMAP4, IMAP4_SSL

from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.proxy import CutProxy
from hub.testing.effort import SECOND, effort
from hub.testing.waiting import PATIENCE

OURS, SALES, ANNA = "support@romashka.example", "sales@romashka.example", "anna@example.com"
ACCOUNTS = [
    Account(address=OURS, user="support", password="ours"),
    Account(address=SALES, user=SALES, password="пароль"),
    Account(address=ANNA, user="anna", password="hers", open_sender=True),
]


@pytest.fixture
async def simulator() -> AsyncIterator[MailSimulator]:
    async with MailSimulator(ACCOUNTS) as running:
        yield running


def a_mail(*, sender: str = ANNA, to: str = OURS, text: str = "hi") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Vases"
    message.set_content(text)
    return message


async def submit(simulator: MailSimulator, mail: EmailMessage, **options: Any) -> None:
    await aiosmtplib.send(mail, hostname=simulator.host, port=simulator.smtp_port, start_tls=False, **options)


@asynccontextmanager
async def logged_in(address: str, user: str = "support", password: str = "ours") -> AsyncIterator[IMAP4]:
    host, _, port = address.rpartition(":")
    client = IMAP4(host, int(port), timeout=PATIENCE)
    await client.wait_hello_from_server()
    try:
        response = await client.login(user, password)
        assert response.result == "OK", response
        yield client
        await asyncio.wait_for(client.logout(), PATIENCE)
    finally:
        client.protocol.transport.abort()


async def fetched(client: IMAP4, uids: str = "1:*") -> list[bytes]:
    """The mails' bytes, in order."""
    response = await client.uid("fetch", uids, "(UID BODY.PEEK[])")
    return [bytes(line) for line in response.lines if isinstance(line, bytearray)]


async def test_a_mail_by_smtp_is_in_the_inbox_byte_for_byte(simulator: MailSimulator) -> None:
    await submit(simulator, a_mail(text="Здравствуйте!\n.\n..two dots"))
    async with logged_in(simulator.imap_address) as client:
        await client.select("INBOX")
        mails = await fetched(client)
    assert mails == [simulator.sent[0].raw]
    assert [mail.raw for mail in simulator.messages(OURS)] == mails


async def test_an_idling_client_hears_of_a_mail_at_once(simulator: MailSimulator) -> None:
    """Before another client has its next few answers."""
    async with (
        logged_in(simulator.imap_address) as client,
        logged_in(simulator.imap_address, "anna", "hers") as other,
    ):
        await client.select("INBOX")
        for _ in range(3):
            idle = await client.idle_start(timeout=PATIENCE)
            hearing = asyncio.create_task(client.wait_server_push(timeout=PATIENCE))
            simulator.deliver(OURS, b"Subject: one\r\n\r\nhi\r\n")
            for _ in range(5):
                await other.noop()
            assert hearing.done()
            assert any(b"EXISTS" in line for line in hearing.result())
            client.idle_done()
            await asyncio.wait_for(idle, PATIENCE)


async def test_a_mail_that_comes_just_before_idle_is_not_missed(simulator: MailSimulator) -> None:
    async with logged_in(simulator.imap_address) as client:
        await client.select("INBOX")
        simulator.deliver(OURS, b"Subject: one\r\n\r\nhi\r\n")
        idle = await client.idle_start(timeout=PATIENCE)
        pushed = await client.wait_server_push(timeout=PATIENCE)
        assert any(b"EXISTS" in line for line in pushed)
        client.idle_done()
        await asyncio.wait_for(idle, PATIENCE)


async def test_a_thousand_mails_at_once_are_announced_by_one_line(simulator: MailSimulator) -> None:
    async with logged_in(simulator.imap_address) as client:
        await client.select("INBOX")
        for number in range(2000):
            simulator.deliver(OURS, b"Subject: %d\r\n\r\n" % number)
        response = await client.noop()
        assert [line for line in response.lines if b"FETCH" in line] == []
        assert len(await fetched(client, "1990:*")) == 11


async def test_a_recipient_that_does_not_exist_here_is_refused(simulator: MailSimulator) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await submit(simulator, a_mail(to="nobody@romashka.example"))
    assert refused.value.recipients[0].code == 550
    assert "5.1.1" in refused.value.recipients[0].message


async def test_recipients_elsewhere_are_kept_outside(simulator: MailSimulator) -> None:
    mail = a_mail(to=f"{OURS}, far@elsewhere.example")
    await submit(simulator, mail)
    assert [sent.recipients for sent in simulator.outside] == [("far@elsewhere.example",)]
    assert len(simulator.messages(OURS)) == 1


async def test_plus_addressing_reaches_the_mailbox_once(simulator: MailSimulator) -> None:
    await submit(simulator, a_mail(to=f"Support+k7TOKEN@Romashka.example, {OURS}"))
    assert len(simulator.messages(OURS)) == 1
    assert simulator.sent[0].recipients == ("Support+k7TOKEN@Romashka.example", OURS)


async def test_our_addresses_send_only_with_their_own_login(simulator: MailSimulator) -> None:
    mail = a_mail(sender=OURS, to=ANNA)
    with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Authentication required"):
        await submit(simulator, mail)
    with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Not your address"):
        await submit(simulator, mail, username=SALES, password="пароль")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
        await submit(simulator, mail, username="support", password="wrong")
    assert refused.value.code == 535
    await submit(simulator, mail, username="support", password="ours")
    assert len(simulator.messages(ANNA)) == 1


@pytest.mark.parametrize("mechanism", ["plain", "login"])
async def test_both_auth_mechanisms_work(simulator: MailSimulator, mechanism: str) -> None:
    client = aiosmtplib.SMTP(hostname=simulator.host, port=simulator.smtp_port, start_tls=False)
    async with client:
        await client.ehlo()
        response = await getattr(client, f"auth_{mechanism}")("support", "ours")
        assert response.code == 235


async def test_a_bounce_has_no_sender(simulator: MailSimulator) -> None:
    client = aiosmtplib.SMTP(hostname=simulator.host, port=simulator.smtp_port, start_tls=False)
    async with client:
        await client.mail("")
        await client.rcpt(OURS)
        await client.data(b"Subject: undeliverable\r\n\r\n")
    assert simulator.sent[0].sender == ""


async def test_a_wrong_imap_password_is_refused(simulator: MailSimulator) -> None:
    client = IMAP4(simulator.host, simulator.imap_port, timeout=PATIENCE)
    await client.wait_hello_from_server()
    for user, password in (("support", "wrong"), ("nobody", "ours")):
        assert (await client.login(user, password)).result == "NO"
    client.protocol.transport.abort()


async def test_a_copy_put_into_sent_is_kept_there(simulator: MailSimulator) -> None:
    raw = a_mail().as_bytes()
    async with logged_in(simulator.imap_address) as client:
        response = await client.append(raw, "Sent", flags="\\Seen")
        assert response.result == "OK"
        listed = await client.list('""', "*")
    assert [(mail.raw, mail.flags) for mail in simulator.messages(OURS, "Sent")] == [(raw, {"\\Seen"})]
    assert any(b"Sent" in line for line in listed.lines)


async def test_the_usual_fetch_items_are_answered(simulator: MailSimulator) -> None:
    raw = b"Subject: one\r\nX: y\r\n\r\nbody\r\n"
    simulator.deliver(OURS, raw)
    async with logged_in(simulator.imap_address) as client:
        selected = await client.select("INBOX")
        items = "(UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])"
        response = await client.uid("fetch", "1:*", items)
        found = await client.uid_search("UID 1:*")
    assert any(line.startswith(b"OK [UIDNEXT 2]") or b"UIDNEXT 2" in line for line in selected.lines)
    assert b"RFC822.SIZE %d" % len(raw) in bytes(response.lines[0])
    assert bytes(response.lines[1]) == b"Subject: one\r\nX: y\r\n\r\n"
    assert found.lines[0] == b"1"


HOSTILE = {
    "empty": b"",
    "zero bytes": b"Subject: a\x00b\r\n\r\n\x00\x00",
    "no header end": b"Subject: only",
    "deep nesting": b"Content-Type: message/rfc822\r\n\r\n" * 3000 + b"end",
    "bare line feeds": b"Subject: x\n\nbody\n",
    "broken content type": b'Content-Type: multipart/mixed; boundary="\r\n\r\nx',
    "eight-bit header": b"Subject: \xff\xfe\r\n\r\nx",
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_mails_come_through_as_they_are(simulator: MailSimulator, what: str) -> None:
    simulator.deliver(OURS, HOSTILE[what])
    async with logged_in(simulator.imap_address) as client:
        await client.select("INBOX")
        response = await client.uid("fetch", "1", "(RFC822.SIZE BODY.PEEK[])")
        assert response.result == "OK"
        assert b"RFC822.SIZE %d" % len(HOSTILE[what]) in b"".join(bytes(line) for line in response.lines)
        structure = await client.uid("fetch", "1", "(ENVELOPE BODYSTRUCTURE)")
    assert [mail.raw for mail in simulator.messages(OURS)] == [HOSTILE[what]]
    assert structure.result == "OK"


async def test_a_recreated_mailbox_has_another_uidvalidity(simulator: MailSimulator) -> None:
    for number in range(3):
        simulator.deliver(OURS, b"Subject: %d\r\n\r\n" % number)
    before = simulator.uid_validity(OURS)
    simulator.recreate(OURS)
    assert simulator.uid_validity(OURS) > before
    assert [mail.uid for mail in simulator.messages(OURS)] == [1, 2, 3]
    simulator.recreate(OURS, keep=False)
    assert simulator.messages(OURS) == []


async def test_a_restart_keeps_mails_uids_and_flags(tmp_path: Path) -> None:
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as first:
        for number in range(4):
            first.deliver(OURS, b"Subject: %d\r\n\r\nbody" % number)
        async with logged_in(first.imap_address) as client:
            await client.select("INBOX")
            await client.uid("store", "2", "+FLAGS (\\Seen)")
            await client.uid("store", "1", "+FLAGS (\\Deleted)")
            await client.expunge()
            await client.create("Archive")
            await client.uid("copy", "2", "Archive")
        before = first.uid_validity(OURS), first.messages(OURS), first.messages(OURS, "Archive")
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as second:
        assert (second.uid_validity(OURS), second.messages(OURS), second.messages(OURS, "Archive")) == before
        assert second.deliver(OURS, b"Subject: next\r\n\r\n") == 5
    assert [mail.uid for mail in before[1]] == [2, 3, 4]


async def test_a_journal_torn_by_a_kill_loses_only_its_last_entry(tmp_path: Path) -> None:
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as first:
        for number in range(3):
            first.deliver(OURS, b"Subject: %d\r\n\r\nbody" % number)
    journal = tmp_path / OURS / "INBOX.journal"
    journal.write_bytes(journal.read_bytes()[:-4])
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as second:
        assert [mail.uid for mail in second.messages(OURS)] == [1, 2]
        second.deliver(OURS, b"Subject: again\r\n\r\n")
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as third:
        assert third.messages(OURS)[-1].raw == b"Subject: again\r\n\r\n"


@pytest.mark.slow
async def test_five_thousand_mails_are_appended_and_fetched_quickly(tmp_path: Path) -> None:
    """The client's work included."""
    raw = b"Subject: n\r\n\r\n" + b"x" * 4000
    async with MailSimulator(ACCOUNTS, folder=tmp_path) as simulator:
        with effort() as appended:
            for _ in range(5000):
                simulator.deliver(OURS, raw)
        async with logged_in(simulator.imap_address) as client:
            await client.select("INBOX")
            count = 0
            with effort() as took:
                for start in range(1, 5001, 200):
                    count += len(await fetched(client, f"{start}:{start + 199}"))
    with effort() as loaded:
        async with MailSimulator(ACCOUNTS, folder=tmp_path) as simulator:
            assert len(simulator.messages(OURS)) == count == 5000
    assert appended.yardsticks < 5 * SECOND
    assert took.yardsticks < 10 * SECOND
    assert loaded.yardsticks < 3 * SECOND


async def test_tls_with_the_simulators_own_certificate() -> None:
    async with MailSimulator(ACCOUNTS, security="tls") as simulator:
        assert simulator.certificate
        context = simulator.certificate.client_context()
        await aiosmtplib.send(
            a_mail(sender=OURS, to=ANNA),
            hostname=simulator.host,
            port=simulator.smtp_port,
            use_tls=True,
            tls_context=context,
            username="support",
            password="ours",
        )
        client = IMAP4_SSL(simulator.host, simulator.imap_port, timeout=PATIENCE, ssl_context=context)
        await client.wait_hello_from_server()
        assert (await client.login("anna", "hers")).result == "OK"
        await client.select("INBOX")
        assert len(await fetched(client)) == 1
        await client.logout()
        client.protocol.transport.abort()


async def test_starttls_on_both_servers_and_no_login_before_it() -> None:
    async with MailSimulator(ACCOUNTS, security="starttls") as simulator:
        assert simulator.certificate
        context = simulator.certificate.client_context()
        with pytest.raises(aiosmtplib.SMTPException):
            await submit(simulator, a_mail())
        await aiosmtplib.send(
            a_mail(sender=OURS, to=ANNA),
            hostname=simulator.host,
            port=simulator.smtp_port,
            start_tls=True,
            tls_context=context,
            username="support",
            password="ours",
        )
        assert len(simulator.messages(ANNA)) == 1
        await speak_starttls(simulator, context)


async def speak_starttls(simulator: MailSimulator, context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(simulator.host, simulator.imap_port)
    greeting = await reader.readline()
    assert b"STARTTLS" in greeting
    assert b"LOGINDISABLED" in greeting
    writer.write(b"a LOGIN support ours\r\n")
    assert b"a NO" in await reader.readline()
    writer.write(b"b STARTTLS\r\n")
    assert b"b OK" in await reader.readline()
    await writer.start_tls(context, server_hostname=simulator.host)
    writer.write(b"c LOGIN support ours\r\n")
    assert b"c OK" in await reader.readline()
    writer.transport.abort()


async def test_a_client_without_trust_is_not_served() -> None:
    async with MailSimulator(ACCOUNTS, security="tls") as simulator:
        with pytest.raises(aiosmtplib.SMTPConnectError):
            await aiosmtplib.send(a_mail(), hostname=simulator.host, port=simulator.smtp_port, use_tls=True)


async def test_a_stopped_simulator_comes_back_on_its_ports(simulator: MailSimulator) -> None:
    simulator.deliver(OURS, b"Subject: one\r\n\r\n")
    ports = simulator.smtp_port, simulator.imap_port
    await simulator.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await submit(simulator, a_mail())
    await simulator.start()
    assert (simulator.smtp_port, simulator.imap_port) == ports
    await submit(simulator, a_mail())
    assert [mail.uid for mail in simulator.messages(OURS)] == [1, 2]


async def test_a_cut_falls_into_the_middle_of_a_literal(simulator: MailSimulator) -> None:
    simulator.deliver(OURS, b"Subject: big\r\n\r\n" + b"x" * 200_000)
    async with CutProxy(simulator.imap_address) as proxy:
        host, _, port = proxy.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"a LOGIN support ours\r\nb SELECT INBOX\r\n")
        await reader.readuntil(b"b OK")
        await reader.readline()
        proxy.cut_after(50_000)
        writer.write(b"c UID FETCH 1 BODY.PEEK[]\r\n")
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(100_000)
        writer.transport.abort()
        async with logged_in(proxy.address) as client:
            await client.select("INBOX")
            assert len((await fetched(client))[0]) > 200_000
        assert proxy.connections == 2
