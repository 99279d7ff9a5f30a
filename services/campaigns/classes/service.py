"""Classifications: kept, begun, corrected by hand, and made ready for whoever asks who is in a class."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, sees
from services.campaigns.belonging import seen as seen_of
from services.campaigns.classes.models import ClassRelease, NewClassCorrection, NewClassification, NewClassRun
from services.campaigns.classes.repository import ClassRepository
from services.campaigns.classes.sql import Runs, naive
from services.campaigns.segments.projection import Row, key_of

MOST_RUNS = 60
"""Of one classification that are kept; the oldest goes when one more is over."""
MOST_CORRECTED = 10_000
"""Corrections of one classification that there may be, those that were released among them."""
MOST_WORDS = 50
"""Entries in the history of one correction."""


class Tables(Protocol):
    """Where classes are asked for."""

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]: ...

    async def loaded(self, list_key: int) -> int: ...

    async def load_run(self, run_key: int, rows: bytes) -> None:
        """The rows of a run, as `export` of the tables that it was counted in gave them."""
        ...

    async def load_corrected(self, classification_key: int, version: int, rows: Sequence[Row]) -> None: ...

    async def unload_run(self, run_key: int) -> None: ...


class Whose(Protocol):
    async def sees_client(self, client: str, actor: Actor) -> bool: ...

    async def seen_clients(self, clients: Sequence[str], actor: Actor) -> set[str]:
        """Those of them whom somebody sees."""
        ...


class Classifications:
    """All of them."""

    def __init__(self, repository: ClassRepository, tables: Tables, whose: Whose, clock: Clock) -> None:
        self._repository = repository
        self._tables = tables
        self._whose = whose
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.classifications, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen_of(self._repository.classifications, given, actor, "classification")

    async def add(self, given: NewClassification, *, actor: Actor, key: str | None) -> Document:
        """Nothing is counted yet."""
        made = derive("cls", actor.login, key) if key else fresh("cls")
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            "corrected": 0,
            **given.model_dump(mode="json", exclude={"team"}),
            **belongs(actor.login, given.team),
        }
        await self._repository.classifications.insert(document)
        return await self.get(made, actor)

    async def remove(self, given: str, *, actor: Actor) -> None:
        """Segments that name it say so; its runs are forgotten. Raises NotFound."""
        await self.get(given, actor)
        await self._repository.amend(given, lambda now: {**now, "removed": True})
        await self.forget_old(given)

    # --- runs ---

    async def begin(self, given: str, wanted: NewClassRun, *, actor: Actor, key: str | None) -> Document:
        """A run over the clients that the actor sees; the job that counts is begun by whoever calls.

        Raises NotFound, and InvalidInput for a period that is not over.
        """
        classification, now = await self.get(given, actor), self._clock.now()
        if wanted.until and wanted.until > now:
            fix = "it is to be over; leave it out to count up to now"
            raise InvalidInput(f"until: {fix}", fields={"until": fix})
        run = {
            "_id": derive("run", given, actor.login, key) if key else fresh("run"),
            "classification": given,
            "state": "counting",
            "reason": "",
            "until": iso(wanted.until or now),
            "at": iso(now),
            "by": actor.login,
            "reach": list(actor.reach),
            **{name: classification[name] for name in ("measure", "days", "parts", "limits")},
            "clients": None,
            "unworth": [],
        }
        await self._repository.runs.insert(run)
        return (await self._repository.runs.get(run["_id"])) or run

    async def runs(self, given: str, actor: Actor, *, limit: int, after: str | None) -> Page:
        """The newest first. Raises NotFound."""
        await self.get(given, actor)
        return await self._repository.page_of_runs(given, limit=limit, after=after)

    # --- by hand ---

    async def corrections(self, given: str, actor: Actor, *, limit: int, after: str | None) -> Page:
        """Of clients whom somebody sees, the newest first. Raises NotFound."""
        await self.get(given, actor)
        page = await self._repository.page_of_corrections(given, limit=limit, after=after)
        shown = await self._whose.seen_clients([one["client"] for one in page.items], actor)
        return Page([one for one in page.items if one["client"] in shown], page.next)

    async def correct(self, given: str, wanted: NewClassCorrection, *, actor: Actor) -> Document:
        """From now on he is of this class, until it is released. Raises NotFound and Conflict."""
        await self._seen(given, wanted.client, actor)
        word = {"value": wanted.value, "by": actor.login, "why": wanted.why}

        def change(now: Document) -> Document | None:
            same = now["words"] and _open(now) and {name: now["words"][-1][name] for name in word} == word
            return None if same else self._said(now, word)

        fresh_one = self._blank(given, wanted.client, wanted.kind)
        if await self._repository.corrections.get(fresh_one["_id"]) is None:
            page = await self._repository.corrections.count({"classification": given}, at_most=MOST_CORRECTED)
            if page >= MOST_CORRECTED:
                raise Conflict(f"it has {MOST_CORRECTED:,} corrections, which is the most")
            await self._repository.corrections.insert(fresh_one)
        return await self._changed(given, fresh_one["_id"], change)

    async def release(self, given: str, wanted: ClassRelease, *, actor: Actor) -> Document:
        """What is counted holds again. Raises NotFound where nothing was corrected."""
        await self._seen(given, wanted.client, actor)
        made = self._blank(given, wanted.client, wanted.kind)["_id"]
        known = await self._repository.corrections.get(made)
        if known is None or not known["words"]:
            raise NotFound(f"{wanted.kind} of {wanted.client} is not corrected")

        def change(now: Document) -> Document | None:
            if not _open(now):
                return None
            last = {**now["words"][-1], "until": iso(self._clock.now()), "released_by": actor.login}
            return {**now, "words": [*now["words"][:-1], last]}

        return await self._changed(given, made, change)

    async def _seen(self, given: str, client: str, actor: Actor) -> None:
        await self.get(given, actor)
        if not await self._whose.sees_client(client, actor):
            raise NotFound(f"there is no client {client}")

    def _blank(self, given: str, client: str, kind: str) -> Document:
        made, at = derive("cor", given, client, kind), iso(self._clock.now())
        return {"_id": made, "classification": given, "client": client, "kind": kind, "at": at, "words": []}

    def _said(self, now: Document, word: Document) -> Document:
        at = iso(self._clock.now())
        before = [{"until": at, "released_by": word["by"], **one} for one in now["words"]]
        if len(before) >= MOST_WORDS:
            raise Conflict(f"this was corrected {MOST_WORDS} times already")
        return {**now, "at": at, "words": [*before, {**word, "since": at}]}

    async def _changed(self, given: str, correction: str, change: Any) -> Document:
        """The tables look at the number that grows: before the change, so that it holds though we are killed right
        after it, and after it, so that whoever loaded between them loads again.
        """
        await self._grown(given)
        after = await self._repository.amend_correction(correction, change)
        await self._grown(given)
        assert after is not None, "corrections are never removed"
        return after

    async def _grown(self, given: str) -> None:
        await self._repository.amend(given, lambda now: {**now, "corrected": now["corrected"] + 1})

    # --- for whoever asks ---

    async def make_ready(self, wanted: Mapping[str, Sequence[datetime]], actor: Actor) -> Mapping[str, Runs]:
        """By classification its newest run and the one that was the newest at each of some moments, in the tables.

        Raises InvalidInput for what is not there, or was not counted then.
        """
        return {one: await self._ready(one, moments, actor) for one, moments in wanted.items()}

    async def _ready(self, given: str, moments: Sequence[datetime], actor: Actor) -> Runs:
        found = await self._repository.classifications.get(given)
        if found is None or found["removed"] or not sees(actor, found):
            raise _unfit(f"there is no classification {given}")
        done = await self._repository.done(given, limit=MOST_RUNS)
        if not done:
            raise _unfit(f"{given} was not counted yet; POST /api/v1/classifications/{given}/runs counts it")
        runs = [done[0]]
        for moment in moments:
            then = next((one for one in done if from_iso(one["until"]) <= moment), None)
            if then is None:
                raise _unfit(
                    f"the first run of {given} that is kept is of {done[-1]['until'][:16]}, later than since"
                )
            runs.append(then)
        return await self.loaded(found, runs)

    async def loaded(self, classification: Document, runs: Sequence[Document]) -> Runs:
        """These of its runs, and its corrections, are in the tables."""
        for run in runs:
            if not await self._tables.loaded(key_of(run["_id"])):
                await self._tables.load_run(key_of(run["_id"]), await self._repository.rows(run["_id"]))
        await self._load_corrected(classification)
        found = {(naive(from_iso(run["until"])), key_of(run["_id"])) for run in runs}
        return sorted(found, reverse=True)

    async def _load_corrected(self, classification: Document) -> None:
        made, version = classification["_id"], classification["corrected"]
        if not version or await self._tables.loaded(key_of(made)) == version:
            return
        rows: list[Row] = []
        for one in await self._repository.all_corrections(made):
            about = (key_of(made), key_of(one["client"]), one["kind"])
            rows += [(*about, word["value"], word["since"], word.get("until")) for word in one["words"]]
        await self._tables.load_corrected(key_of(made), version, rows)

    async def newest(self, given: str, *, limit: int) -> list[Document]:
        """Its runs that are over, the newest first."""
        return await self._repository.done(given, limit=limit)

    async def run(self, given: str, run: str | None) -> Document:
        """One that is over; none: the newest. Raises NotFound."""
        done = await self._repository.done(given, limit=MOST_RUNS)
        found = next((one for one in done if run is None or one["_id"] == run), None)
        if found is None:
            what = f"no run {run} of {given} that is over" if run else f"no run of {given} yet"
            raise NotFound(f"there is {what}; POST /api/v1/classifications/{given}/runs begins one")
        return found

    async def corrections_of(self, given: str, client: str, kinds: Sequence[str]) -> dict[str, Document]:
        """What was corrected of a client, by kind."""
        ids = {derive("cor", given, client, kind): kind for kind in kinds}
        found = await self._repository.corrections.get_many(ids)
        return {ids[name]: one for name, one in found.items()}

    async def forget_old(self, given: str) -> None:
        """All but the newest runs; of a classification that was taken away all. May be repeated."""
        found = await self._repository.classifications.get(given)
        kept = 0 if found is not None and found["removed"] else MOST_RUNS
        done = await self._repository.done(given, limit=2 * MOST_RUNS)
        for run in done[kept:]:
            await self._tables.unload_run(key_of(run["_id"]))
            await self._repository.forget(run["_id"])


def _open(correction: Document) -> bool:
    return "until" not in correction["words"][-1]


def _unfit(fix: str) -> InvalidInput:
    return InvalidInput(f"of: {fix}", fields={"of": fix})
