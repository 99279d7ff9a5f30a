"""Segments: kept as conditions, counted in columns, with examples; who is in one, for whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.classes.sql import Runs
from services.campaigns.segments.models import Condition, Draft, NewSegment, SegmentChange
from services.campaigns.segments.projection import Row
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.sql import Question, among

EXAMPLES = 10
_NAMED = 200
"""Segments that one may be made of, all levels together."""
_ALIVE = "c.leads_to = 0"


class Columns(Protocol):
    """The tables of `services.campaigns.segments.projection`."""

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]:
        """What was told before it was asked is in the answer. Raises StoreUnavailable."""
        ...


class Lists(Protocol):
    """Static lists, of which conditions may name some."""

    async def make_ready(self, ids: Sequence[str], actor: Actor) -> None:
        """Their members are in the tables when it returns. Raises InvalidInput for one that is not there."""
        ...


class NoLists:
    """Where there are none."""

    async def make_ready(self, ids: Sequence[str], actor: Actor) -> None:  # noqa: ARG002
        if ids:
            fix = f"there is no list {ids[0]}"
            raise InvalidInput(f"list: {fix}", fields={"list": fix})


class Classes(Protocol):
    """Classes of clients, of which conditions may name some."""

    async def make_ready(self, wanted: Mapping[str, Sequence[datetime]], actor: Actor) -> Mapping[str, Runs]:
        """By classification its newest run, and those of some moments, in the tables. Raises InvalidInput."""
        ...


class NoClasses:
    """Where there are none."""

    async def make_ready(
        self,
        wanted: Mapping[str, Sequence[datetime]],
        actor: Actor,  # noqa: ARG002
    ) -> Mapping[str, Runs]:
        if wanted:
            fix = f"there is no classification {next(iter(wanted))}"
            raise InvalidInput(f"of: {fix}", fields={"of": fix})
        return {}


@dataclass(slots=True)
class Named:
    """What conditions are made of beside themselves, all levels down."""

    segments: dict[str, tuple[Condition, Condition | None]] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)
    classes: dict[str, list[datetime]] = field(default_factory=dict)
    """By classification the moments that are asked about beside now."""

    def add(self, nodes: Sequence[Condition]) -> None:
        self.lists.update(dict.fromkeys(one.list for one in nodes if one.list))
        for one in nodes:
            if one.classed and one.of:
                self.classes.setdefault(one.of, []).extend([one.since] if one.since else [])


class Segments:
    """All of them."""

    def __init__(
        self,
        repository: SegmentRepository,
        columns: Columns,
        clock: Clock,
        lists: Lists | None = None,
        classes: Classes | None = None,
    ) -> None:
        self._repository = repository
        self._columns = columns
        self._clock = clock
        self._lists = lists or NoLists()
        self._classes = classes or NoClasses()

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain, actor, limit=limit, after=after)

    async def get(self, segment_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.plain, segment_id, actor, "segment")

    async def add(self, given: NewSegment, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput where it names what is not there."""
        made = derive("seg", actor.login, key) if key else fresh("seg")
        await self.question(given.include, given.exclude, actor)
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            **_told(given),
            **belongs(actor.login, given.team),
        }
        await self._repository.plain.insert(document)
        return await self.get(made, actor)

    async def change(self, segment_id: str, change: SegmentChange, *, actor: Actor) -> Document:
        """Raises NotFound, InvalidInput, Conflict."""
        segment = await self.get(segment_id, actor)
        fields = {**_told(change), **(belongs(segment["owner"], change.team) if change.team is not None else {})}
        after = {**segment, **fields}
        if after.get("watched") is False:
            del after["watched"]
        await self.question(*trees_of(after), actor, named=segment_id)
        if not await self._repository.plain.swap(after):
            raise Conflict
        return after

    async def remove(self, segment_id: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        segment = await self.get(segment_id, actor)
        gone = {name: value for name, value in segment.items() if name != "watched"}
        if not await self._repository.plain.swap({**gone, "removed": True}):
            raise Conflict

    async def question(
        self, include: Condition, exclude: Condition | None, actor: Actor, *, named: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """A condition on `c`, a row of `clients`, with its parameters. `named` is the segment that is asked about.

        Raises InvalidInput for segments, lists and classes that are not there, or made of themselves.
        """
        found = await self._all_named(include, exclude, actor)
        if named:
            found.segments[named] = (include, exclude)
        await self._lists.make_ready(list(found.lists), actor)
        classes = await self._classes.make_ready(found.classes, actor)
        asked = Question(self._clock.now(), found.segments, classes)
        text = asked.of(Condition(segment=named), None) if named else asked.of(include, exclude)
        return f"{_ALIVE} AND {text}", asked.given

    async def _all_named(self, include: Condition, exclude: Condition | None, actor: Actor) -> Named:
        found = Named()
        trees = [include, *([exclude] if exclude else [])]
        while trees:
            nodes = [one for tree in trees for one in tree.each()]
            found.add(nodes)
            wanted = {one.segment for one in nodes if one.segment} - found.segments.keys()
            new = {name: trees_of(await self._named(name, actor)) for name in sorted(wanted)}
            found.segments |= new
            if len(found.segments) > _NAMED:
                fix = f"it is made of more than {_NAMED} segments"
                raise InvalidInput(f"include: {fix}", fields={"include": fix})
            trees = [tree for pair in new.values() for tree in pair if tree]
        return found

    async def _named(self, segment_id: str, actor: Actor) -> Document:
        found = (await self._repository.get_many([segment_id])).get(segment_id)
        reached = EVERYTHING in actor.reach or (found and not set(actor.reach).isdisjoint(found["seen_by"]))
        if found is None or found["removed"] or not reached:
            fix = f"there is no segment {segment_id}"
            raise InvalidInput(f"segment: {fix}", fields={"segment": fix})
        return found

    async def count(self, include: Condition, exclude: Condition | None, actor: Actor, *, named: str = "") -> int:
        """How many clients are in it, of those that somebody sees."""
        text, given = await self.question(include, exclude, actor, named=named)
        text += f" AND {among(actor.reach, given)}"
        found = await self._columns.ask(f"SELECT count(*) FROM clients c WHERE {text}", given)
        return int(found[0][0])

    async def examples(
        self, include: Condition, exclude: Condition | None, actor: Actor, *, named: str = ""
    ) -> list[tuple[str, str]]:
        """Id and name of ten of them, those that were opened last first."""
        text, given = await self.question(include, exclude, actor, named=named)
        text += f" AND {among(actor.reach, given)}"
        order = f"ORDER BY c.opened_at DESC, c.id LIMIT {EXAMPLES}"
        found = await self._columns.ask(f"SELECT c.id, c.name FROM clients c WHERE {text} {order}", given)
        return [(row[0], row[1]) for row in found]

    async def members(self, segment: Document, actor: Actor) -> list[str]:
        """Ids of all who are in it, in order."""
        text, given = await self.question(*trees_of(segment), actor, named=segment["_id"])
        text += f" AND {among(actor.reach, given)}"
        found = await self._columns.ask(f"SELECT c.id FROM clients c WHERE {text} ORDER BY c.id", given)
        return [row[0] for row in found]


def trees_of(segment: Document) -> tuple[Condition, Condition | None]:
    exclude = segment.get("exclude")
    return Condition.model_validate(segment["include"]), Condition.model_validate(exclude) if exclude else None


def _told(given: NewSegment | SegmentChange | Draft) -> Document:
    """As it is stored; what is not said is left out."""
    fields: Document = given.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"team"})
    if not fields.get("watched", True) and isinstance(given, NewSegment):
        del fields["watched"]
    return {name: value for name, value in fields.items() if value is not None}
