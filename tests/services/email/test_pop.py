"""Mailboxes that are read by POP3: against Dovecot, and against servers with odd manners, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.mail import MailSimulator
from hub.channels.simulators.proxy import CutProxy
from hub.contracts.interaction import DeliveryState, InteractionReceived
from hub.contracts.park import MessageParked
from hub.kit.blobs import FolderBlobs
from hub.testing.servers.dovecot import DovecotServer
from hub.testing.waiting import eventually
from tests.services.email.conftest import SALES, EmailHarness, a_mail

StartDovecot = Callable[..., DovecotServer]
PASSWORDS = {"support": "support-password", "sales": "sales-password", "paul": "пароль с пробелом"}
OURS = "support@romashka.example"


class PopHarness(EmailHarness):
    """Our mailbox is on Dovecot, by POP3, behind a proxy that can cut."""

    def __init__(self, data: Path, simulator: MailSimulator, dovecot: DovecotServer, proxy: CutProxy) -> None:
        ca_file = dovecot.certificate.write(data / "ca.pem")
        super().__init__(data, simulator, CA_FILE=str(ca_file), POP_INTERVAL="0.2")
        self.dovecot = dovecot
        self.proxy = proxy
        self.leave = False

    def mailbox(self, address: str = OURS, **over: Any) -> dict[str, Any]:
        port = int(self.proxy.address.rpartition(":")[2])
        pop = {**self.server(port, address.partition("@")[0]), "leave": self.leave}
        return super().mailbox(address, **{"imap": None, "pop": pop, **over})

    def lying(self, user: str = "support") -> int:
        """Mails on the server."""
        maildir = self.dovecot.folder / "mail" / user / "Maildir"
        return sum(1 for part in ("new", "cur") for _ in (maildir / part).glob("*"))

    def put(self, *texts: str, **headers: str) -> None:
        for text in texts:
            self._number += 1
            self.dovecot.put("support", [a_mail(text, number=self._number, **headers)])


@pytest.fixture(scope="module")
def shared(pop_servers: StartDovecot) -> DovecotServer:
    return pop_servers(PASSWORDS)


@pytest.fixture
async def pop(tmp_path: Path, simulator: MailSimulator, shared: DovecotServer) -> AsyncIterator[PopHarness]:
    for user in PASSWORDS:
        shared.empty(user)
    async with CutProxy(f"127.0.0.1:{shared.pop_port}") as proxy:
        made = PopHarness(tmp_path, simulator, shared, proxy)
        await made.open()
        yield made
        await made.close()


def texts(events: list[InteractionReceived]) -> list[str]:
    return [event.text.split("\n")[0].strip() for event in events]


@pytest.mark.connected
@pytest.mark.slow
async def test_what_is_taken_over_is_deleted_there_and_what_is_left_there_is_taken_over_once(pop: PopHarness) -> None:
    raw = a_mail("..point\n.\nlast ёё", number=99)
    pop.dovecot.put("support", [raw])
    (event,) = await pop.arrivals(1)
    assert (event.text.split(), event.channel) == (["..point", ".", "last", "ёё"], "email")
    assert (await FolderBlobs(pop.data / "blobs").get(event.raw)).replace(b"\r\n", b"\n") == raw
    await eventually(lambda: pop.lying() == 0)
    path = f"/mailboxes/{pop.mailbox_id}"
    left = await pop.api.patch(path, json={"pop": {"leave": True}})
    assert (left.status_code, left.json()["pop"]["leave"], left.json()["imap"]) == (200, True, None)
    assert (await pop.api.patch(path, json={"imap": {"port": 1}})).json()["errors"].keys() == {"imap"}
    pop.put("left there")
    await pop.arrivals(2)
    await pop.restart()
    pop.dovecot.recreate("support")  # all names are new
    pop.put("after")
    assert texts(await pop.arrivals(3))[1:] == ["left there", "after"]
    pop.customer_writes("elsewhere", to=SALES)  # a look that finds nothing new
    await eventually(pop.health, lambda health: (health.state, health.lag_seconds) == ("green", 0.0))
    assert (len(await pop.events(InteractionReceived)), pop.lying()) == (3, 2)
    await pop.api.patch(path, json={"pop": {"leave": False}})
    await eventually(lambda: pop.lying() == 0)
    message = pop.message("our answer")
    await pop.give(message)
    assert (await pop.delivery(message, DeliveryState.SENT)).copy_state is None


@pytest.mark.connected
@pytest.mark.slow
async def test_many_mails_come_each_once_and_in_order_whatever_is_cut(pop: PopHarness) -> None:
    await pop.until_healthy("green")
    await pop.stop()
    pop.dovecot.put("support", (a_mail(f"number {n}", number=n) for n in range(1100)))
    await pop.start()
    pop.proxy.cut_after(200_000)
    for count in (550, 1100):
        await pop.arrivals(count)
    await eventually(lambda: pop.lying() == 0)
    assert texts(await pop.events(InteractionReceived)) == [f"number {n}" for n in range(1100)]


@pytest.mark.connected
@pytest.mark.slow
async def test_logins_by_tls_and_with_any_letters_and_refusals_in_the_words_of_the_server(pop: PopHarness) -> None:
    user, password = "paul", PASSWORDS["paul"]
    for security, port in (("tls", pop.dovecot.pop_tls_port), ("starttls", pop.dovecot.pop_port)):
        login = pop.server(port, user, password=password, security=security)
        smtp = pop.server(pop.simulator.smtp_port)
        given = pop.mailbox(f"{security}@romashka.example", pop=login, smtp=smtp)
        assert (await pop.api.post("/mailboxes", json=given)).status_code == 201
    wrong = pop.server(pop.dovecot.pop_port, "sales", password="wrong")
    answer = await pop.api.post("/mailboxes", json=pop.mailbox(SALES, pop=wrong))
    assert answer.json()["errors"] == {"pop": "login refused: [AUTH] Authentication failed.; check user and password"}
    sealed = pop.server(pop.dovecot.pop_port, "sales", security="tls")
    answer = await pop.api.post("/mailboxes", json=pop.mailbox(SALES, pop=sealed))
    assert answer.json()["errors"]["pop"].startswith("no secure connection")
    both = pop.mailbox(SALES, imap=wrong, pop=wrong)
    assert "give either imap or pop" in (await pop.api.post("/mailboxes", json=both)).text


@pytest.mark.connected
@pytest.mark.slow
async def test_what_the_server_got_before_a_moment_is_left_alone_by_pop_and_by_imap(pop: PopHarness) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    for day, number in ((28, 1), (2, 2)):
        stamp = f"from mx by here; {day} {'Feb' if day == 28 else 'Mar'} 2026 10:00:00 +0300"
        pop.dovecot.put("sales", [f"Received: {stamp}\r\n".encode() + a_mail(f"of the {day}.", number=number)])
        at = datetime(2026, 2 if day == 28 else 3, day, 10, tzinfo=UTC)
        pop.simulator.deliver(SALES, a_mail(f"of the {day}.", number=10 + number), at=at)
    ways = {"pop": {**pop.server(pop.dovecot.pop_port, "sales"), "leave": False}, "imap": None}
    for address, over in (
        (SALES, ways),
        ("sales@imap.example", {"imap": pop.server(pop.simulator.imap_port, "sales"), "pop": None}),
    ):
        given = {**pop.mailbox(address, **over), "fetch_since": since.isoformat()}
        given["smtp"] = pop.server(pop.simulator.smtp_port, "sales")
        assert (await pop.api.post("/mailboxes", json=given)).status_code == 201
    assert texts(await pop.arrivals(2)) == ["of the 2."] * 2
    await eventually(lambda: pop.lying("sales") == 1)


class Odd:
    """A POP3 server with manners of its own: no CAPA, no TOP, bare line feeds, and whatever a test adds."""

    def __init__(self, *mails: bytes, names: list[str] | None = None, end: bytes = b"\n") -> None:
        self.mails = dict(enumerate(mails, 1))
        self.names = names or [f"name-{number}" for number in self.mails]
        self.breaks: set[bytes] = set()
        """Commands that end the connection."""
        self.tops: dict[int, bytes] = {}
        self.end = end
        self.asked: list[bytes] = []
        self.sizes: dict[int, bytes] = {}
        """What it says of mails instead of how large they are."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        doomed: set[int] = set()
        writer.write(b"+OK hello" + self.end)
        with suppress(ConnectionError):
            while line := (await reader.readline()).strip():
                self.asked.append(line)
                if line in self.breaks:
                    break
                writer.write(self._answer(line, doomed))
                if line == b"QUIT":
                    for number in doomed:
                        del self.mails[number]
                    break
        writer.close()

    def _answer(self, line: bytes, doomed: set[int]) -> bytes:
        verb, _, rest = line.partition(b" ")
        number = int(rest.split()[0]) if rest[:1].isdigit() else 0
        if verb == b"UIDL":
            return self._lines([b"%d %b" % (n, self.names[n - 1].encode()) for n in self.mails])
        if verb == b"LIST":
            return self._lines(
                [b"%d %b" % (n, self.sizes.get(n, b"%d" % len(mail))) for n, mail in self.mails.items()]
            )
        if verb == b"RETR" and number in self.mails:
            return self._lines(self.mails[number].splitlines())
        if verb == b"TOP" and number in self.tops:
            return self._lines(self.tops[number].splitlines())
        if verb == b"DELE":
            doomed.add(number)
        said = b"-ERR what?" if verb in (b"CAPA", b"TOP", b"RETR") else b"+OK"
        return said + self.end

    def _lines(self, lines: list[bytes]) -> bytes:
        stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
        return self.end.join([b"+OK here", *stuffed, b".", b""])

    def tries(self, command: bytes) -> int:
        return self.asked.count(command)


@asynccontextmanager
async def on(harness: EmailHarness, odd: Odd, *, leave: bool) -> AsyncIterator[None]:
    """A second mailbox of ours is on the odd server."""
    await harness.restart(OMNIHUB_EMAIL__POP_INTERVAL="0.2")
    listening = await asyncio.start_server(odd.serve, "127.0.0.1", 0)
    try:
        pop = {**harness.server(listening.sockets[0].getsockname()[1], "sales"), "leave": leave}
        ends = {"imap": None, "pop": pop, "smtp": harness.server(harness.simulator.smtp_port)}
        given = harness.mailbox("odd@romashka.example", **ends)
        answer = await harness.api.post("/mailboxes", json=given)
        assert answer.status_code == 201, answer.text
        yield
    finally:
        listening.close()


@pytest.mark.slow
async def test_a_mail_that_breaks_the_connection_stops_none_of_the_others_and_is_parked(
    harness: EmailHarness,
) -> None:
    odd = Odd(*(a_mail(f"number {n}", number=n) for n in (1, 2, 3, 4)), end=b"\r\n")
    odd.breaks = {b"RETR 2"}
    odd.tops[2] = a_mail("", number=2, Subject="breaks").split(b"\n\n")[0] + b"\n\n"
    del odd.mails[4]
    async with on(harness, odd, leave=False):
        assert sorted(texts(await harness.arrivals(2))) == ["number 1", "number 3"]
        (parked,) = await harness.parked(1)
        assert parked.reason == (
            "refused: the server does not hand it over: the connection was lost: the server closed the connection"
        )
        assert b"Subject: breaks" in await FolderBlobs(harness.data / "blobs").get(parked.blob)
        await eventually(lambda: list(odd.mails) == [2])  # what is not whole here stays there
    assert odd.tries(b"RETR 2") == 3


async def test_a_server_of_the_barest_kind_is_read_and_mails_of_one_name_are_different_mails(
    harness: EmailHarness,
) -> None:
    odd = Odd(
        a_mail("first\n.hidden\n..", number=1),
        a_mail("second", number=2),
        names=["the same", "the same"],
    )
    odd.breaks = {b"DELE 2"}  # nothing is deleted, as when the hub is killed before
    async with on(harness, odd, leave=False):
        found = await harness.arrivals(2)
        assert [event.text.split() for event in found] == [["first", ".hidden", ".."], ["second"]]
        await eventually(lambda: odd.tries(b"DELE 1") >= 2)
        odd.breaks = set()
        await eventually(lambda: odd.mails == {})
    assert (len(await harness.events(InteractionReceived)), len(await harness.events(MessageParked))) == (2, 0)
    assert odd.tries(b"RETR 1") == 1


async def test_a_name_that_the_server_gives_again_after_its_mail_was_deleted_is_of_another_mail(
    harness: EmailHarness,
) -> None:
    odd = Odd(a_mail("first", number=1), names=["1"])
    async with on(harness, odd, leave=False):
        await harness.arrivals(1)
        await eventually(lambda: odd.mails == {})
        odd.mails[1] = a_mail("second", number=2)
        assert texts(await harness.arrivals(2)) == ["first", "second"]
        await eventually(lambda: odd.mails == {})


async def test_what_a_server_keeps_though_it_was_to_be_deleted_doubles_nothing(harness: EmailHarness) -> None:
    odd = Odd(names=["name"])
    async with on(harness, odd, leave=False):
        odd.breaks = {b"QUIT"}
        odd.mails[1] = a_mail("first", number=1)
        await eventually(lambda: odd.tries(b"RETR 1") >= 2)
        odd.breaks = set()
        await eventually(lambda: odd.mails == {})
    assert texts(await harness.events(InteractionReceived)) == ["first"]


class Flood(Odd):
    """Answers one command with lines that have no end."""

    def __init__(self, command: bytes, line: bytes) -> None:
        super().__init__(end=b"\r\n")
        self.command, self.line = command, line
        self.written = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK hello\r\n")
        with suppress(ConnectionError):
            while line := (await reader.readline()).strip():
                if line != self.command:
                    writer.write(self._answer(line, set()))
                    continue
                writer.write(b"+OK\r\n")
                while self.written < 10**9:
                    writer.write(b"".join(b"%d %b\r\n" % (self.written + n, self.line) for n in range(100)))
                    self.written += 100 * len(self.line)
                    await writer.drain()
        writer.close()


@pytest.mark.parametrize(
    ("command", "line", "words"),
    [
        (b"CAPA", b"x" * 100, "more than 1000 capabilities"),
        (b"UIDL", b"x" * 8_000, "UIDL: more than 20000000 bytes"),
    ],
    ids=["capabilities", "names"],
)
async def test_a_server_whose_answers_have_no_end_is_refused(
    harness: EmailHarness, command: bytes, line: bytes, words: str
) -> None:
    flood = Flood(command, line)
    listening = await asyncio.start_server(flood.serve, "127.0.0.1", 0)
    pop = {**harness.server(listening.sockets[0].getsockname()[1], "sales"), "leave": True}
    given = harness.mailbox(
        "odd@romashka.example", imap=None, pop=pop, smtp=harness.server(harness.simulator.smtp_port)
    )
    answer = await harness.api.post("/mailboxes", json=given)
    listening.close()
    assert words in answer.json()["errors"]["pop"]
    assert flood.written < 10**8


async def test_a_server_that_tells_no_sizes_is_not_read_as_one_whose_mails_are_small(harness: EmailHarness) -> None:
    odd = Odd(a_mail("first", number=1))
    odd.sizes[1] = b"-1000000000"
    async with on(harness, odd, leave=True):
        await eventually(lambda: odd.tries(b"LIST") >= 2)
        assert odd.tries(b"RETR 1") == 0
        odd.sizes.clear()
        await harness.arrivals(1)
