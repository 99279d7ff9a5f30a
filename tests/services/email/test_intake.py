"""The rules of receiving, through fakes: what is durable when."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.channels.belonging import Line, Lines
from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import MessageParked, RawMailStored
from hub.contracts.registry import REGISTRY
from hub.kit.errors import BlobsUnavailable, BusUnavailable
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from services.email.inbound.reader import READ, Reader
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake, Poison
from services.email.inbound.warnings import Ours
from services.email.models import FetchedMail
from services.email.settings import Settings
from tests.services.email.conftest import a_mail
from tests.services.email.test_compose import a_mailbox

POISONED = "tests.services.email.poisoned:read_mails"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class OwnMail:
    """One mailbox, and what the test says was sent."""

    def __init__(self) -> None:
        self.ours: set[str] = set()
        self.belonging: dict[str, Line] = {}

    async def known(self) -> Ours:
        return Ours.of(["email:support@romashka.example"], [])

    async def lines(self, mailbox_ids: Iterable[str]) -> Lines:
        return {box: self.belonging[box] for box in mailbox_ids if box in self.belonging}

    async def logins(self) -> dict[str, str]:
        return {}

    async def sent(self, interaction_ids: Sequence[str]) -> set[str]:
        return self.ours & set(interaction_ids)


class Bench:
    """An intake on fakes."""

    def __init__(self, store: SqliteStore) -> None:
        self.bus, self.blobs, self.own, self._store = FakeBus(), FakeBlobs(), OwnMail(), store
        self.intake = self.reading_by(READ)

    def reading_by(self, function: str) -> Intake:
        """An intake whose processes read mails by this function."""
        return Intake(
            bus=self.bus,
            blobs=self.blobs,
            index=InboundRepository(self._store),
            own=self.own,
            clock=FakeClock(),
            reader=Reader(SHARED, limit=1, read=function),
            settings=Settings(),
        )

    async def take(self, *raws: bytes, refused: str = "", every: timedelta = timedelta()) -> int:
        mails = [
            FetchedMail(uid=uid, uid_validity=1, at=AT + every * uid, raw=raw, refused=refused)
            for uid, raw in enumerate(raws, 1)
        ]
        return await self.intake.take(await self.intake.read(a_mailbox(), mails))

    def texts(self) -> list[str]:
        return [e.text.strip() for e in self.bus.events("inbound") if isinstance(e, InteractionReceived)]

    def parked(self) -> list[MessageParked]:
        return [e for e in self.bus.events("dead-letters") if isinstance(e, MessageParked)]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path / "email.sqlite")
    made = Bench(store)
    await store.start()
    yield made
    await store.stop()


async def test_nothing_is_published_before_the_bytes_are_durable(bench: Bench) -> None:
    bench.blobs.failures = 1
    with pytest.raises(BlobsUnavailable):
        await bench.take(a_mail("x"))
    assert bench.bus.published == []


async def test_what_the_bus_did_not_confirm_is_published_again_with_the_same_id(bench: Bench) -> None:
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.take(a_mail("x"))
    assert await bench.take(a_mail("x")) == 1
    assert await bench.take(a_mail("x")) == 0
    assert bench.texts() == ["x"]


async def test_a_mail_that_cannot_be_read_is_parked_and_the_rest_goes_on(bench: Bench) -> None:
    bench.intake = bench.reading_by(POISONED)
    assert await bench.take(a_mail("one", number=1), a_mail("RAISE", number=2), a_mail("three", number=3)) == 2
    assert bench.texts() == ["one", "three"]
    (parked,) = bench.parked()
    assert parked.reason == "RecursionError: too deep"
    assert await bench.blobs.get(parked.blob) == a_mail("RAISE", number=2)
    assert "anna@client.example" in parked.sender


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("SPIN", "it cannot be read: it takes more than 1 s of CPU time"),
        ("HOARD", "it cannot be read: it takes more memory than it may"),
        ("CRASH", "it cannot be read: its process ended with -11"),
    ],
)
async def test_a_mail_that_ends_its_reader_is_parked_and_takes_nobody_with_it(
    bench: Bench, word: str, reason: str
) -> None:
    bench.intake = bench.reading_by(POISONED)
    assert await bench.take(a_mail("one", number=1), a_mail(word, number=2), a_mail("three", number=3)) == 2
    assert bench.texts() == ["one", "three"]
    (parked,) = bench.parked()
    assert parked.reason == reason
    assert await bench.take(a_mail("four", number=4)) == 1


async def test_a_parked_mail_is_published_when_it_is_replayed_after_a_mend(bench: Bench) -> None:
    bench.intake = bench.reading_by(POISONED)
    await bench.take(a_mail("RAISE"))
    fact = REGISTRY.decode(bench.parked()[0].record()).event
    assert isinstance(fact, RawMailStored)
    with pytest.raises(Poison) as still:
        await bench.intake.replay(fact)
    assert still.value.blob == fact.blob
    await bench.reading_by(READ).replay(fact)
    assert bench.texts() == ["RAISE"]


async def test_an_echo_needs_our_message_id_and_our_address(bench: Bench) -> None:
    known = "in_0123456789abcdef0123456789abcdef"
    bench.own.ours = {known}
    ours = "support@romashka.example"
    message_id = f"<{known}@romashka.example>"
    assert await bench.take(a_mail("echo", sender=ours, Message_ID=message_id)) == 0
    assert await bench.take(a_mail("forged", Message_ID=message_id)) == 1
    assert await bench.take(a_mail("unknown", sender=ours, Message_ID=f"<{known[:-1]}0@romashka.example>")) == 1
    assert bench.texts() == ["forged", "unknown"]


async def test_the_same_parked_mail_has_the_same_id_each_time(bench: Bench) -> None:
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await bench.take(a_mail("x"), refused="too big")
    await bench.take(a_mail("x"), refused="too big")
    await bench.take(a_mail("x"), refused="too big")
    assert len(bench.parked()) == 1


async def test_the_html_of_a_batch_is_durable_as_one_blob_before_it_is_told(bench: Bench) -> None:
    pages = [
        a_mail("").replace(b"text/plain", b"text/html").rstrip() + f"\r\n\r\n<p>{word}</p>".encode()
        for word in ("one", "two")
    ]
    await bench.take(pages[0], a_mail("plain", number=2), pages[1])
    told = [e.html for e in bench.bus.events("inbound") if isinstance(e, InteractionReceived)]
    assert [await bench.blobs.get(name) if name else None for name in told] == [b"<p>one</p>", None, b"<p>two</p>"]
    assert len([key for key in bench.blobs.content if key.startswith("html/")]) == 1


async def test_verdicts_on_senders_count_once_the_server_has_written_them_on_every_mail_of_a_week(
    bench: Bench,
) -> None:
    def a_checked_mail(number: int) -> bytes:
        on_top = (
            b"Authentication-Results: mx.romashka.example; dmarc=pass\r\nReceived: from x by mx.romashka.example\r\n"
        )
        return on_top + a_mail(f"number {number}", number=number)

    first = [a_checked_mail(number) for number in range(20)]
    await bench.take(*first, every=timedelta(hours=12))
    await bench.take(*first, every=timedelta(hours=12))  # once more, as after a reset: it teaches nothing new
    await bench.take(a_checked_mail(21))
    await bench.take(a_mail("unchecked", number=22, Received="from evil by mx.romashka.example"))
    await bench.take(a_checked_mail(23))
    received = [event for event in bench.bus.events("inbound") if isinstance(event, InteractionReceived)]
    believed = [event.authentication.dmarc if event.authentication else None for event in received]
    assert believed == [*[None] * 20, "pass", None, None]
