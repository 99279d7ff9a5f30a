"""The email service against a real IMAP server, Dovecot; mail leaves through the simulator's SMTP."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.mail import MailSimulator
from hub.channels.simulators.proxy import CutProxy
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, InteractionReceived
from hub.testing.channel_contract import ChannelContract
from hub.testing.outside import HERE
from hub.testing.servers.dovecot import DovecotServer
from hub.testing.waiting import PATIENCE
from services.email.adapters.imap import open_inbox
from services.email.models import Server
from tests.services.email.conftest import EmailHarness, a_mail

pytestmark = [pytest.mark.connected, pytest.mark.slow]

StartDovecot = Callable[..., DovecotServer]
PASSWORDS = {"support": "support-password", "sales": "sales-password"}


class DovecotHarness(EmailHarness):
    """Our mailbox is on Dovecot, behind a proxy that can cut."""

    def __init__(
        self, data: Path, simulator: MailSimulator, dovecot: DovecotServer, proxy: CutProxy, **settings: str
    ) -> None:
        ca_file = dovecot.certificate.write(data / "ca.pem")
        super().__init__(data, simulator, **{"CA_FILE": str(ca_file), **settings})
        self.dovecot = dovecot
        self.proxy = proxy

    def mailbox(self, address: str = "support@romashka.example", **over: Any) -> dict[str, Any]:
        user = address.partition("@")[0]
        port = int(self.proxy.address.rpartition(":")[2])
        return super().mailbox(address, **{"imap": self.server(port, user), **over})

    def customer_writes(self, text: str, to: str = "support@romashka.example", **headers: str) -> None:
        self._number += 1
        self.dovecot.put(to.partition("@")[0], [a_mail(text, number=self._number, **headers)])

    def show_all_again(self) -> None:
        self.dovecot.recreate("support")
        self.proxy.cut_now()

    def spoil_credentials(self) -> None:
        self.dovecot.let_in({"support": "another one"})
        # Dovecot looks at its file of passwords once a second, and an earlier login may just have made it look.
        asyncio.get_running_loop().call_later(1.2, self.proxy.cut_now)

    def mend_credentials(self) -> None:
        self.dovecot.let_in(PASSWORDS)

    async def all_of(self, count: int) -> list[InteractionReceived]:
        """Waits for so many, then a little longer for one too many."""
        for part in range(0, count + 1, 500):  # each of which may take its time
            await self.arrivals(min(part + 500, count))
        await asyncio.sleep(0.7)
        return await self.events(InteractionReceived)


@pytest.fixture(scope="module")
def shared(dovecot_servers: StartDovecot) -> DovecotServer:
    return dovecot_servers(PASSWORDS)


@pytest.fixture
def dovecot(shared: DovecotServer) -> DovecotServer:
    """With empty mailboxes: to start a new one for each test would take a second more for each."""
    shared.let_in(PASSWORDS)
    for user in PASSWORDS:
        shared.empty(user)
    return shared


@pytest.fixture
async def proxy(dovecot: DovecotServer) -> AsyncIterator[CutProxy]:
    async with CutProxy(f"127.0.0.1:{dovecot.port}") as running:
        yield running


@pytest.fixture
async def harness(
    tmp_path: Path, simulator: MailSimulator, dovecot: DovecotServer, proxy: CutProxy
) -> AsyncIterator[DovecotHarness]:
    # The looks beside IDLE are put off, so that only a push can be why a mail comes.
    made = DovecotHarness(tmp_path, simulator, dovecot, proxy, SAFETY_POLL="600", SILENCE="3600")
    await made.open()
    yield made
    await made.close()


class TestEmailOnDovecot(ChannelContract):
    """What every channel does, on a real server."""


async def test_a_mail_that_comes_during_idle_is_an_event_at_once(harness: DovecotHarness) -> None:
    harness.customer_writes("first")
    await harness.arrivals(1)
    for number in range(2, 5):
        await asyncio.sleep(0.5)
        harness.customer_writes(f"number {number}")
        await harness.arrivals(number)


async def test_five_thousand_mails_are_fetched_each_once_and_in_order(harness: DovecotHarness) -> None:
    await harness.stop()
    harness.dovecot.put("support", (a_mail(f"number {n}\n" + "x" * 1000, number=n) for n in range(5000)))
    await harness.start()
    found = await harness.all_of(5000)
    assert [event.text.split("\n")[0] for event in found] == [f"number {n}" for n in range(5000)]
    assert len({event.id for event in found}) == 5000


async def test_a_mailbox_recreated_with_a_new_uidvalidity_doubles_and_loses_nothing(harness: DovecotHarness) -> None:
    harness.dovecot.put("support", (a_mail(f"number {n}", number=n) for n in range(300)))
    await harness.all_of(300)
    harness.show_all_again()
    harness.dovecot.put("support", [a_mail("after", number=300)])
    found = await harness.all_of(301)
    assert [event.text.strip() for event in found] == [*(f"number {n}" for n in range(300)), "after"]


@pytest.mark.parametrize("after", [40_000, 400_000, 1_111_111])
async def test_a_connection_cut_in_the_middle_of_a_literal_loses_nothing(harness: DovecotHarness, after: int) -> None:
    await harness.until_healthy("green")
    await harness.stop()
    harness.dovecot.put("support", (a_mail(f"number {n}\n" + "y" * 70 * n, number=n) for n in range(200)))
    await harness.start()
    harness.proxy.cut_after(after)
    found = await harness.all_of(200)
    assert [event.text.split("\n")[0] for event in found] == [f"number {n}" for n in range(200)]
    assert harness.proxy.connections >= 3


async def test_a_server_that_is_killed_and_started_again_loses_nothing(harness: DovecotHarness) -> None:
    harness.customer_writes("before")
    await harness.arrivals(1)
    harness.dovecot.stop()
    harness.customer_writes("meanwhile")
    await asyncio.sleep(0.5)
    harness.dovecot.start()
    harness.customer_writes("after")
    assert [event.text.strip() for event in await harness.arrivals(3)] == ["before", "meanwhile", "after"]


async def test_a_wrong_password_is_told_in_the_words_of_the_server(harness: DovecotHarness) -> None:
    wrong = harness.server(harness.dovecot.port, "sales", password="wrong")
    answer = await harness.api.post("/mailboxes", json=harness.mailbox("sales@romashka.example", imap=wrong))
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "imap": "login refused: [AUTHENTICATIONFAILED] Authentication failed.; check user and password"
    }


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_mailbox_is_read_over_tls(harness: DovecotHarness, security: str) -> None:
    port = harness.dovecot.tls_port if security == "tls" else harness.dovecot.port
    imap = harness.server(port, "sales", security=security)
    answer = await harness.api.post("/mailboxes", json=harness.mailbox("sales@romashka.example", imap=imap))
    assert answer.status_code == 201, answer.text
    harness.dovecot.put("sales", [a_mail("sealed " + "z" * 200_000)])
    (event,) = await harness.arrivals(1)
    assert event.text.startswith("sealed zzz")


async def test_a_plain_port_where_tls_is_wanted_and_a_stranger_s_certificate_are_told(
    harness: DovecotHarness, tmp_path: Path
) -> None:
    imap = harness.server(harness.dovecot.port, "sales", security="tls")
    answer = await harness.api.post("/mailboxes", json=harness.mailbox("sales@romashka.example", imap=imap))
    assert answer.json()["errors"]["imap"].startswith("no secure connection")
    async with another(tmp_path, harness) as stranger:
        imap = stranger.server(harness.dovecot.tls_port, "sales", security="tls")
        given = stranger.mailbox("sales@romashka.example", imap=imap)
        told = (await stranger.api.post("/mailboxes", json=given)).json()["errors"]["imap"]
    assert "the certificate is not trusted" in told


@asynccontextmanager
async def another(folder: Path, harness: DovecotHarness) -> AsyncIterator[EmailHarness]:
    """A hub that trusts nobody but the system's authorities."""
    data = folder / "another"
    data.mkdir()
    made = EmailHarness(data, harness.simulator)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def test_the_copy_of_an_answer_lies_read_in_the_folder_marked_sent(harness: DovecotHarness) -> None:
    message = harness.message("Здравствуйте, Анна!")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    copied = await copy_of(harness, message.id)
    assert copied.copy_state == "saved", copied.copy_reason
    folder = harness.dovecot.folder / "mail" / "support" / "Maildir"
    (kept,) = [path for path in folder.rglob("*/cur/*") if path.is_file()]
    assert "S" in kept.name.rpartition(":2,")[2]
    assert kept.read_bytes().replace(b"\r\n", b"\n") == harness.simulator.sent[0].raw.replace(b"\r\n", b"\n")
    assert [path.name for path in folder.iterdir() if path.name.startswith(".Sent")] == []


async def copy_of(harness: DovecotHarness, interaction_id: str) -> DeliveryRecorded:
    """What was last told of a message, once its copy is settled."""

    def settled(event: DeliveryRecorded) -> bool:
        return event.interaction_id == interaction_id and event.copy_state not in (None, "pending")

    return next(filter(settled, await harness.told(DeliveryRecorded, lambda events: any(map(settled, events)))))


ODD = (
    b"From: =?utf-8?b?0JDQvdC90LA=?= <anna@client.example>\r\nSubject: \xc7\xe0\xea\xe0\xe7\r\n\r\nin windows-1251",
    b"From: anna@client.example\nSubject: bare line feeds\n\nline feeds only\n",
    b"From: anna@client.example\r\nSubject: zero\r\n\r\nzero \x00 byte and \x00\x00 more",
    b"From: anna@client.example\r\nSubject: nul\x00in header\r\n\r\nNUL in a header",
    b"From: anna@client.example\r\nSubject: long line\r\n\r\n" + b"w" * 100_000,
    b'From: anna@client.example\r\nSubject: parentheses ) ( {10} "\r\n\r\n) a1 OK FETCH done {5}\r\n* 1 EXISTS\r\n',
    b"\r\nno headers at all",
    b"Subject: no body at all",
    b"\x00",
)


async def test_mails_with_eight_bit_headers_and_zero_bytes_come_as_they_are(harness: DovecotHarness) -> None:
    harness.dovecot.put("support", [*ODD, a_mail("the last one")])
    await harness.told(InteractionReceived, lambda events: any(e.text.startswith("the last one") for e in events))
    server = Server(
        host="127.0.0.1", port=harness.dovecot.port, security="plain", user="support", password="support-password"
    )
    async with open_inbox(server, patience=PATIENCE, tls=ssl.create_default_context(), outside=HERE) as inbox:
        mails = await inbox.fetch(await inbox.uids_above(0))
    assert len(mails) == len(ODD) + 1
    for given, mail in zip(ODD, mails, strict=False):
        # Dovecot sends no zero bytes: RFC 3501 forbids them in a literal, so it puts 0x80 in their place.
        assert mail.raw.replace(b"\r\n", b"\n") == given.replace(b"\r\n", b"\n").replace(b"\x00", b"\x80")
