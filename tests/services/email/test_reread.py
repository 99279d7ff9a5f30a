"""Mails that were read by earlier code are read again: shown, changed, and changed back; nobody hears of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.api.asking import AsService
from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.footing import Footing
from hub.jobs.models import ItemResult
from hub.kit.clock import SystemClock
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.store.sqlite import SqliteStore
from hub.testing.apart import SHARED
from hub.testing.fakes import FakeBlobs, FakeBus
from services.email.adapters.interactions import InteractionsPeer
from services.email.inbound.reader import Reader
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake
from services.email.models import FetchedMail
from services.email.reread.job import Reread
from services.email.settings import Settings
from services.interactions import app as interactions
from services.interactions.models import INTERACTIONS
from tests.services.email.conftest import a_mail
from tests.services.email.test_compose import a_mailbox
from tests.services.email.test_intake import AT, OwnMail

QUOTING = "Где заказ?\n\n2 марта 2026 г., Support <support@romashka.example> пишет:\n> Заказ принят\n"
BOX = a_mailbox().id


class Bench:
    """An intake and the interactions service behind its HTTP door, on one bus that collects."""

    def __init__(self, folder: Path) -> None:
        self.bus, self.blobs, clock = FakeBus(), FakeBlobs(), SystemClock()
        self.theirs = SqliteStore(folder / "interactions.sqlite")
        self.ours = SqliteStore(folder / "email.sqlite")
        footing = Footing(
            data=folder,
            bus=self._bus,
            store=lambda _: self.theirs,
            blobs=self.blobs,
            secrets=SecretBox.open(folder / "secret.key"),
            clock=clock,
            source=Source(environ={}),
            peer=lambda name: httpx.AsyncClient(base_url=f"http://{name}.invalid"),
        )
        self.service = interactions.build(footing)
        transport = httpx.ASGITransport(app=self.service.http)
        asking = AsService(footing.seal, "email")
        self.api = httpx.AsyncClient(transport=transport, base_url="http://interactions", auth=asking)
        index = InboundRepository(self.ours)
        self.intake = Intake(
            bus=self.bus,
            blobs=self.blobs,
            index=index,
            own=OwnMail(),
            clock=clock,
            reader=Reader(SHARED, limit=5),
            settings=Settings(),
        )
        self.job = Reread(
            intake=self.intake,
            index=index,
            interactions=InteractionsPeer(lambda _: self.api),
            blobs=self.blobs,
            bus=self.bus,
            clock=clock,
        )
        self._heard = 0

    def _bus(self, _: str) -> Bus:
        return self.bus

    async def take(self, *raws: bytes) -> None:
        mails = [FetchedMail(uid=uid, uid_validity=1, at=AT, raw=raw, refused="") for uid, raw in enumerate(raws, 1)]
        await self.intake.take(await self.intake.read(a_mailbox(), mails))
        await self.hear()

    async def hear(self) -> list[Envelope]:
        """The interactions service hears what was published since; all that was."""
        told = self.bus.published[self._heard :]
        await self.bus.deliver("inbound", [envelope for envelope in told if envelope.event.TOPIC == "inbound"])
        told = self.bus.published[self._heard :]
        self._heard = len(self.bus.published)
        return told

    async def stored(self) -> list[dict[str, Any]]:
        return (await self.theirs.collection(INTERACTIONS).find({}, order="at")).items

    async def as_earlier(self, **fields: Any) -> dict[str, Any]:
        """The first mail as earlier code has read it."""
        (first, *_) = await self.stored()
        assert await self.theirs.collection(INTERACTIONS).swap({**first, **fields})
        return (await self.stored())[0]

    async def run(self, *, apply: bool = True) -> list[ItemResult]:
        args = {"mailbox_id": BOX, "apply": apply, "run": "run_1"}
        results: list[ItemResult] = []
        cursor: str | None = None
        while True:
            step = await self.job.step(args, cursor)
            results += step.results
            if step.act:
                await step.act()
            cursor = step.cursor
            if cursor is None:
                return results

    async def revert(self, results: list[ItemResult]) -> None:
        await self.job.revert({"mailbox_id": BOX, "apply": True, "run": "run_1"}, results)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.theirs.start()
    await made.ours.start()
    yield made
    await made.api.aclose()
    await made.service.stop()
    await made.theirs.stop()
    await made.ours.stop()


def a_page() -> bytes:
    """A mail with HTML and a file."""
    mail = b"From: anna@client.example\r\nTo: support@romashka.example\r\nSubject: Order\r\n"
    mail += b"Message-ID: <h@c.example>\r\n"
    mail += b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    mail += b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Where is my <b>order</b>?</p>\r\n"
    mail += (
        b'--b\r\nContent-Type: text/plain; name="a.txt"\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\n'
    )
    return mail + b"hello\r\n--b--\r\n"


async def test_what_is_read_as_before_changes_nothing_and_is_told_to_nobody(bench: Bench) -> None:
    await bench.take(*(a_mail(f"{QUOTING}{n}", number=n) for n in range(1, 25)), a_page())
    results = await bench.run()
    assert [result.detail["changed"] for result in results] == [[]] * 25
    assert (await bench.hear(), await bench.job.total({"mailbox_id": BOX})) == ([], 25)


async def test_a_rehearsal_shows_what_would_change_and_changes_nothing(bench: Bench) -> None:
    await bench.take(a_mail(QUOTING))
    earlier = await bench.as_earlier(new_text=None, quoted_text="")
    (result,) = await bench.run(apply=False)
    assert result.detail["id"] == earlier["_id"]
    assert result.detail["changed"] == ["new_text", "quoted_text"]
    assert "Заказ принят" in result.detail["before"]["new_text"]
    assert result.detail["after"]["new_text"] == "Где заказ?"
    assert (await bench.hear(), await bench.stored()) == ([], [earlier])
    assert not bench.job.revertible({"apply": False})


async def test_a_new_reading_replaces_the_old_one_silently_and_is_taken_back(bench: Bench) -> None:
    await bench.take(a_page())
    today = (await bench.stored())[0]
    earlier = await bench.as_earlier(
        subject="Ordеr", text="?", html=None, attachments=[{**today["attachments"][0], "filename": "untitled"}]
    )
    results = await bench.run()
    assert results[0].detail["changed"] == ["subject", "text", "new_text", "attachments", "html"]
    told = await bench.hear()
    assert [envelope.event.TYPE for envelope in told] == ["interaction.reread.v1", "interaction.changed.v1"]
    after = (await bench.stored())[0]
    assert _said(after) == {**_said(today), "html": after["html"]}
    assert b"<b>order</b>" in await bench.blobs.get(after["html"])
    await bench.revert(results)
    assert [envelope.event.TYPE for envelope in await bench.hear()] == [
        "interaction.reread.v1",
        "interaction.changed.v1",
    ]
    assert _said((await bench.stored())[0]) == _said(earlier)


async def test_a_step_that_is_repeated_keeps_the_earlier_reading(bench: Bench) -> None:
    await bench.take(a_mail(QUOTING))
    earlier = await bench.as_earlier(text="earlier", new_text=None, quoted_text="")
    results = await bench.run()
    await bench.hear()
    assert [result.detail["changed"] for result in await bench.run()] == [[]]
    assert await bench.hear() == []
    await bench.revert(results)
    await bench.hear()
    assert _said((await bench.stored())[0]) == _said(earlier)


async def test_the_earlier_readings_go_with_the_job(bench: Bench) -> None:
    await bench.take(a_mail(QUOTING, number=1), a_mail("Привет", number=2))
    await bench.as_earlier(text="earlier", new_text=None, quoted_text="")
    args = {"mailbox_id": BOX, "apply": True, "run": "run_1"}
    results = await bench.run()
    kept = [key for key in bench.blobs.content if key.startswith("reread/")]
    assert len(kept) == 1
    await bench.job.forget({**args, "apply": False}, results)
    assert [key for key in bench.blobs.content if key.startswith("reread/")] == kept
    for _ in range(2):
        await bench.job.forget(args, results)
        assert [key for key in bench.blobs.content if key.startswith("reread/")] == []


async def test_what_was_never_told_needs_no_taking_back(bench: Bench) -> None:
    await bench.take(a_mail(QUOTING))
    await bench.as_earlier(text="earlier")
    await bench.revert(await bench.run(apply=False))
    assert await bench.hear() == []


async def test_a_mail_whose_bytes_are_gone_fails_alone(bench: Bench) -> None:
    await bench.take(a_mail("one", number=1))
    bench.blobs.content.pop(next(key for key in bench.blobs.content if key.startswith("raw/")))
    await bench.take(a_mail("two", number=2))
    results = await bench.run()
    assert sorted(bool(result.failed) for result in results) == [False, True]
    assert any(result.failed.startswith("NotFound: no blob under raw/") for result in results)


async def test_a_mail_is_read_again_as_the_mailbox_received_it_that_had_it_first(bench: Bench) -> None:
    await bench.take(a_mail(QUOTING))
    await bench.as_earlier(text="earlier", accounts=["mb_other", BOX])
    (result,) = await bench.run()
    assert (result.detail["changed"], result.detail["note"]) == ([], "it was read as mb_other received it")


async def test_a_result_shows_long_texts_from_where_they_differ(bench: Bench) -> None:
    same = "строка\n" * 500
    await bench.take(a_mail(f"{same}сегодня\n{same}"))
    (stored,) = await bench.stored()
    await bench.as_earlier(text=stored["text"].replace("сегодня", "вчера"))
    (result,) = await bench.run(apply=False)
    before, after = result.detail["before"]["text"], result.detail["after"]["text"]
    assert ("вчера" in before, "сегодня" in after) == (True, True)
    assert max(len(before), len(after)) <= 602


def _said(interaction: dict[str, Any]) -> dict[str, Any]:
    names = ("subject", "text", "new_text", "quoted_text", "html", "attachments", "chain_id", "revisions", "link")
    return {name: interaction.get(name) for name in names}
