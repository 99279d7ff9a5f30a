"""The rules of receiving, through fakes: what is durable when."""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import MessageParked, RawMailStored
from hub.contracts.registry import REGISTRY
from hub.kit.errors import BlobsUnavailable, BusUnavailable
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from services.email.inbound import service
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake, Poison
from services.email.inbound.warnings import Ours
from services.email.mime.model import Mail
from services.email.models import FetchedMail
from services.email.settings import Settings
from tests.services.email.conftest import a_mail
from tests.services.email.test_compose import a_mailbox

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class OwnMail:
    """One mailbox, and what the test says was sent."""

    def __init__(self) -> None:
        self.ours: set[str] = set()

    async def known(self) -> Ours:
        return Ours.of(["email:support@romashka.example"], [])

    async def sent(self, interaction_ids: Sequence[str]) -> set[str]:
        return self.ours & set(interaction_ids)


class Bench:
    """An intake on fakes."""

    def __init__(self, store: SqliteStore) -> None:
        self.bus, self.blobs, self.own = FakeBus(), FakeBlobs(), OwnMail()
        self.intake = Intake(
            bus=self.bus,
            blobs=self.blobs,
            index=InboundRepository(store),
            own=self.own,
            clock=FakeClock(),
            settings=Settings(parse_limit=timedelta(seconds=1)),
        )

    async def take(self, *raws: bytes, refused: str = "") -> int:
        mails = [
            FetchedMail(uid=uid, uid_validity=1, at=AT, raw=raw, refused=refused) for uid, raw in enumerate(raws, 1)
        ]
        return await self.intake.take(a_mailbox(), mails)

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


def poisoned(monkeypatch: pytest.MonkeyPatch, fault: Exception | float) -> None:
    """Mails with the word poison raise, or take so many seconds."""
    parse = service.parse

    def read(raw: bytes) -> Mail:
        if b"poison" in raw:
            if isinstance(fault, Exception):
                raise fault
            time.sleep(fault)
        return parse(raw)

    monkeypatch.setattr(service, "parse", read)


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


async def test_a_mail_that_cannot_be_read_is_parked_and_the_rest_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, RecursionError("too deep"))
    assert await bench.take(a_mail("one", number=1), a_mail("poison", number=2), a_mail("three", number=3)) == 2
    assert bench.texts() == ["one", "three"]
    (parked,) = bench.parked()
    assert parked.reason == "RecursionError: too deep"
    assert await bench.blobs.get(parked.blob) == a_mail("poison", number=2)
    assert "anna@client.example" in parked.sender


async def test_a_mail_that_takes_too_long_to_read_is_parked_and_the_rest_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, 3.0)
    assert await bench.take(a_mail("one", number=1), a_mail("poison", number=2), a_mail("three", number=3)) == 2
    assert bench.texts() == ["one", "three"]
    assert [parked.reason for parked in bench.parked()] == ["it takes longer than 1 s to read"]


async def test_a_parked_mail_is_published_when_it_is_replayed_after_a_mend(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, RecursionError("too deep"))
    await bench.take(a_mail("poison"))
    fact = REGISTRY.decode(bench.parked()[0].record()).event
    assert isinstance(fact, RawMailStored)
    with pytest.raises(Poison) as still:
        await bench.intake.replay(fact)
    assert still.value.blob == fact.blob
    monkeypatch.undo()
    await bench.intake.replay(fact)
    assert bench.texts() == ["poison"]


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
