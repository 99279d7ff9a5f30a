"""Lets running mailings go: what is ripe is asked of the channels, in pages, at the pace that was wished for.

One copy of the service runs a mailing at a time (a lease). Were there two all the same, nobody would get it twice:
the id of a message follows from row and attempt, and a channel takes an id once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import NotFound, TransientError
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.kit.restraint import Restraint
from hub.kit.seams import seam
from hub.store.base import Document
from services.campaigns.mailings.audience import domain_of
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.pages import made
from services.campaigns.mailings.repository import ASKED, PRINT, PRINTED, REST, WAIT, MailingRepository
from services.campaigns.mailings.trials import best, results_of

log = Log(__name__)
LOOK = timedelta(seconds=0.25)
AT_ONCE = 1_000
"""Rows that are asked for in one step."""
AHEAD = 5_000
"""Of one mailing so many are asked for before their channels said what became of the first ones."""
_BEAT = timedelta(seconds=10)
"""A mailing that runs says so, so often: how long nobody ran it shows at a start."""
REACTED: Mapping[str, Sequence[str]] = {
    "opened": ("opened", "clicked", "replied"),
    "clicked": ("clicked", "replied"),
    "replied": ("replied",),
}
LEFT = ("sent", "delivered", "opened", "clicked", "replied", "bounced")


class Lease(Protocol):
    async def take(self, name: str) -> object | None: ...


class Let(Protocol):
    """What a warm-up lets go."""

    rows: list[Document]
    later: list[Document]
    words: str


class Warms(Protocol):
    """Warm-ups: `services.campaigns.warmups.service`."""

    async def let(self, mailing: Document, rows: Sequence[Document], now: datetime) -> Let:
        """Which rows may leave today. Raises StoreUnavailable."""
        ...


class Runner:
    """A loop over the mailings that run."""

    def __init__(
        self,
        repository: MailingRepository,
        library: Library,
        bus: Bus,
        clock: Clock,
        *,
        leases: Lease,
        restraint: Restraint,
        warms: Warms | None = None,
    ) -> None:
        self._repository = repository
        self._library = library
        self._bus = bus
        self._clock = clock
        self._leases = leases
        self._restraint = restraint
        self._warms = warms
        self._paces: dict[str, Pace] = {}
        self._loop = Loop("mailings", self.look, every=LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    def wake(self) -> None:
        self._loop.wake()

    async def look(self) -> int:
        """One round; how many messages were asked for. A mailing that fails leaves the others alone."""
        if self._restraint.held:
            return 0
        active = await self._repository.active()
        asked = 0
        for mailing in active:
            asked += await self._one(mailing)
        for mailing_id in self._paces.keys() - {mailing["_id"] for mailing in active}:
            del self._paces[mailing_id]
        if asked:
            self._loop.wake()
        return asked

    async def _one(self, mailing: Document) -> int:
        try:
            if mailing["state"] != "running" or not await self._leases.take(f"mailing/{mailing['_id']}"):
                return 0
            return await self._run(mailing)
        except TransientError:
            raise
        except Exception as exc:
            log.error("mailing.failed", mailing=mailing["_id"], exc=exc)
            await self._move(mailing, "failed", reason=f"{type(exc).__name__}: {str(exc)[:300]}")
            return 0

    async def _run(self, mailing: Document) -> int:
        now = self._clock.now()
        if stale := await self._stale(mailing, now):
            await self._move(mailing, "held", reason=stale)
            return 0
        mailing = await self._beat(mailing, now)
        mailing = await self._judged(mailing, now)
        asked = await self._release(mailing, now)
        if not asked:
            await self._end(mailing)
        return asked

    async def _stale(self, mailing: Document, now: datetime) -> str:
        """Why it does not just go on: nobody ran it for longer than it may be late, and something was due."""
        away = now - from_iso(mailing["seen_at"])
        limit = timedelta(seconds=mailing["stale_after"])
        if away <= limit:
            return ""
        due = await self._repository.next_due(mailing["_id"])
        if due is None or now - due <= limit:
            return ""
        late = str(away).partition(".")[0]
        return f"it should have gone on at {iso(due)[:16]}, and nobody ran it for {late}; confirm that it still goes"

    async def _beat(self, mailing: Document, now: datetime) -> Document:
        if now - from_iso(mailing["seen_at"]) < _BEAT:
            return mailing
        after = await self._repository.mailings.amend(mailing["_id"], lambda one: {**one, "seen_at": iso(now)})
        return after or mailing

    async def _judged(self, mailing: Document, now: datetime) -> Document:
        """With the best variant, once its time has come."""
        trial = mailing.get("trial")
        if not trial or mailing.get("winner") is not None or now < self._decides_at(mailing):
            return mailing
        variants = len(mailing["messages"][0]["said"])
        counts = await self._repository.count_variants(mailing["_id"], variants)
        verdict = best(results_of(counts, REACTED[trial["metric"]], LEFT))

        def change(one: Document) -> Document:
            known = one.get("winner") is not None
            return one if known else {**one, "winner": verdict.winner, "confidence": verdict.confidence}

        after = await self._repository.mailings.amend(mailing["_id"], change)
        log.info("trial.decided", mailing=mailing["_id"], winner=verdict.winner)
        return after or mailing

    def _decides_at(self, mailing: Document) -> datetime:
        begins = from_iso(mailing["send_at"]) if mailing.get("send_at") else from_iso(mailing["launched_at"])
        return begins + timedelta(seconds=mailing["trial"]["decide_after"])

    async def _release(self, mailing: Document, now: datetime) -> int:
        room = AHEAD - await self._repository.left(mailing["_id"], ASKED, at_most=AHEAD)
        pace = self._paces.setdefault(mailing["_id"], Pace(mailing, now))
        waits = mailing["reason"] and len(mailing["messages"]) == 1  # one row tells whether it still does
        wanted = min(1 if waits else AT_ONCE, room, pace.may(now))
        if wanted <= 0:
            return 0
        rows = await self._repository.ripe(f"{mailing['_id']}/seeds", WAIT, now, limit=wanted)
        ripe = await self._repository.ripe(mailing["_id"], WAIT, now, limit=pace.looks(wanted))
        rows += pace.picked(ripe, wanted, now)
        if len(rows) < wanted and mailing.get("winner") is not None:
            rest = await self._repository.ripe(mailing["_id"], REST, now, limit=wanted - len(rows))
            rows += [{**row, "variant": mailing["winner"]} for row in rest]
        rows = await self._warmed(mailing, rows, now)
        return await self._ask(mailing, rows, pace) if rows else 0

    async def _warmed(self, mailing: Document, rows: list[Document], now: datetime) -> list[Document]:
        """Those that may leave today; why the others wait is on their rows, or on the mailing where all do."""
        if self._warms is None:
            return rows
        let = await self._warms.let(mailing, rows, now)
        await self._repository.swap(let.later)
        if rows and let.words != mailing["reason"]:
            await self._repository.mailings.amend(mailing["_id"], lambda one: _explained(one, let.words))
        return let.rows

    async def _ask(self, mailing: Document, rows: Sequence[Document], pace: "Pace") -> int:
        """The requests first: a kill before the rows are changed asks again, with the same ids."""
        contents = await self._library.of(mailing)
        done = await made(mailing, contents, rows, self._library.templates)
        now = self._clock.now()
        if done.pages:
            seam("mailing.before_pages")
            await self._bus.publish(
                [Envelope(event=page, source="omnihub/campaigns", time=now) for page in done.pages]
            )
            seam("mailing.after_pages")
        await self._repository.swap(done.rows)
        pace.spent(len(rows))
        return len(rows)

    async def _end(self, mailing: Document) -> None:
        """Done when nothing waits and of everything that was asked it is known what became of it; one that stands is
        not looked at any more until it is woken.
        """
        for step in (WAIT, REST, ASKED, PRINT, PRINTED):
            if await self._repository.left(mailing["_id"], step):
                return
        if mailing.get("standing"):
            # Not where it was woken since it was read: then there are rows that were not seen.
            asleep = {name: value for name, value in mailing.items() if name != "active"}
            await self._repository.mailings.swap_many([(mailing, asleep)])
            return
        await self._move(mailing, "done")

    async def _move(self, mailing: Document, state: str, *, reason: str = "") -> None:
        now = iso(self._clock.now())

        def change(one: Document) -> Document:
            if one["state"] != mailing["state"]:
                return one
            return moved(one, state, now, reason)

        after = await self._repository.mailings.amend(mailing["_id"], change)
        if after is None:
            raise NotFound(f"there is no mailing {mailing['_id']}")
        await self._repository.mailings.tell(after)
        log.info("mailing.moved", mailing=mailing["_id"], state=after["state"])


ACTIVE = frozenset(("running", "paused", "held"))


def moved(mailing: Document, state: str, at: str, reason: str = "") -> Document:
    """The mailing in another state."""
    after = {**mailing, "state": state, "changed_at": at, "reason": reason}
    if state in ACTIVE:
        return {**after, "active": True, **({"seen_at": at} if state == "running" else {})}
    return {name: value for name, value in after.items() if name != "active"}


def _explained(mailing: Document, words: str) -> Document:
    """One that runs says what it waits for."""
    return {**mailing, "reason": words} if mailing["state"] == "running" else mailing


class Pace:
    """How many may be asked for now: a bucket that fills at the wished rate, and one for each host of mail."""

    def __init__(self, mailing: Document, now: datetime) -> None:
        self._rate: float | None = mailing["per_second"]
        self._host_rate: float | None = mailing["per_domain_second"]
        self._tokens = self._rate and min(1.0, self._rate)
        self._at = now
        self._hosts: dict[str, tuple[float, datetime]] = {}

    def may(self, now: datetime) -> int:
        if self._rate is None or self._tokens is None:
            return AT_ONCE
        passed = max((now - self._at).total_seconds(), 0)
        # What was not used in a second is lost: a pause is not made up for.
        self._tokens = min(self._tokens + passed * self._rate, max(self._rate, 1.0))
        self._at = now
        return int(self._tokens)

    def spent(self, count: int) -> None:
        if self._tokens is not None:
            self._tokens -= count

    def looks(self, wanted: int) -> int:
        """How many rows are looked at to find so many."""
        return wanted if self._host_rate is None else max(wanted, AT_ONCE)

    def picked(self, rows: Sequence[Document], wanted: int, now: datetime) -> list[Document]:
        """Of rows in their order those whose hosts may be written to now."""
        if self._host_rate is None:
            return list(rows[:wanted])
        found: list[Document] = []
        for row in rows:
            if len(found) < wanted and self._host_may(domain_of(row["address"]), now):
                found.append(row)
        return found

    def _host_may(self, host: str, now: datetime) -> bool:
        assert self._host_rate is not None
        tokens, at = self._hosts.get(host, (1.0, now))
        tokens = min(tokens + (now - at).total_seconds() * self._host_rate, max(self._host_rate, 1.0))
        self._hosts[host] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1
