"""The directory of sources: channel, source, campaign, creative; merged and parted, and found by what shows them."""

from collections.abc import Sequence

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document, Page
from hub.store.told import Owing
from services.campaigns.belonging import belongs, page_of, seen, sees
from services.campaigns.sources.models import LEVELS, NewMark, NewSource, SourceChange
from services.campaigns.sources.repository import SourceRepository, mark_id, path_id, source_id

MOST = 20_000
"""Sources that come by themselves; tags of links beyond them are counted one level above."""
_FAR = 20


class Sources:
    """All of them."""

    def __init__(self, repository: SourceRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._known: dict[tuple[str, ...], str] = {}
        """Ids by path, of those that were found once: an id stays for ever."""

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.plain, given, actor, "source")

    async def names_of(self, source: Document) -> list[str]:
        """From the channel down, as they are called now, merged ones by those that they are read as."""
        names: list[str] = []
        here: Document | None = await self._root(source)
        while here is not None and len(names) < len(LEVELS):
            names.insert(0, here["name"])
            above = await self._repository.plain.get(here["parent"]) if here["parent"] else None
            here = await self._root(above) if above else None
        return names

    async def _root(self, source: Document) -> Document:
        here = source
        for _ in range(_FAR):
            if not here.get("into") or (above := await self._repository.plain.get(here["into"])) is None:
                break
            here = above
        return here

    async def add(self, given: NewSource, *, actor: Actor) -> Document:
        """The same one for the same path. Raises Conflict where it has another reference."""
        made = await self.ensure(given.names, owner=actor.login, team=given.team)
        stored = await self._repository.plain.get(made)
        assert stored is not None
        if given.reference and stored["reference"] not in ("", given.reference):
            raise Conflict(
                f"{stored['name']} is there, and is called {stored['reference']} elsewhere; change that one"
            )
        if not given.reference or stored["reference"]:
            return stored
        return await self._amended(made, {"reference": given.reference})

    async def change(self, given_id: str, change: SourceChange, *, actor: Actor) -> Document:
        """Another name or reference; what is known of it stays. Raises NotFound."""
        await self.get(given_id, actor)
        return await self._amended(given_id, change.model_dump(exclude_none=True))

    async def _amended(self, given_id: str, fields: Document) -> Document:
        after = await self._repository.sources.amend(given_id, lambda now: {**now, **fields})
        if after is None:
            raise NotFound(f"there is no source {given_id}")
        await self._repository.sources.tell(after)
        return after

    async def ensure(self, names: Sequence[str], *, owner: str = "", team: str | None = None) -> str:
        """The id of the last one, which is made with all above it where they are not there yet."""
        path = tuple(" ".join(name.split()) for name in names[: len(LEVELS)])
        key = tuple(name.casefold() for name in path)
        if key in self._known:
            return self._known[key]
        parent: str | None = None
        for level, name in zip(LEVELS, path, strict=False):
            if (made := await self._one(level, parent, name, owner, team)) is None:
                break
            parent = made
        assert parent is not None, "a path begins with a channel"
        if len(self._known) < MOST:
            self._known[key] = parent
        return parent

    async def _one(self, level: str, parent: str | None, name: str, owner: str, team: str | None) -> str | None:
        made = source_id(parent, name)
        if await self._repository.plain.get(made):
            return made
        if level != "channel" and not owner and await self._full():
            return None
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            "level": level,
            "parent": parent,
            "key": name.casefold(),
            "name": name,
            "reference": "",
            **belongs(owner, team),
        }
        stored, _ = await self._repository.sources.insert(document)
        await self._repository.sources.tell(stored)
        return made

    async def _full(self) -> bool:
        return await self._repository.plain.count({"removed": False}, at_most=MOST) >= MOST

    # --- merging ---

    async def merge(self, given: str, into: str, *, actor: Actor) -> Document:
        """Reads one, and what is below it, as another of its level. Raises NotFound, InvalidInput and Conflict."""
        one, other = await self.get(given, actor), await self.get(into, actor)
        root = await self._root(other)
        if one["level"] != other["level"]:
            fix = f"{one['name']} is a {one['level']}, {other['name']} a {other['level']}; merge two of one level"
            raise InvalidInput(f"into: {fix}", fields={"into": fix})
        if root["_id"] == one["_id"]:
            fix = "it is read as the one that you would merge; part them first"
            raise InvalidInput(f"into: {fix}", fields={"into": fix})
        if one.get("into"):
            raise Conflict(f"{one['name']} is merged already; part it first")
        return await self._merge(one, root, cause=one["_id"])

    async def _merge(self, one: Document, root: Document, *, cause: str) -> Document:
        """Those of the same name below both become one, too; the others move below."""
        there = {
            child["key"]: child for child in await self._repository.children(root["_id"]) if not child.get("into")
        }
        for child in await self._repository.children(one["_id"]):
            twin = there.get(child["key"])
            if twin and not child.get("into"):
                await self._merge(child, twin, cause=cause)
        return await self._amended(one["_id"], {"into": root["_id"], "merged_by": cause})

    async def part(self, given: str, *, actor: Actor) -> Document:
        """As if it had not been merged. Raises NotFound, and Conflict where it was not."""
        one = await self.get(given, actor)
        if one.get("merged_by") != given:
            raise Conflict(f"{one['name']} was not merged by itself; nothing is to be parted")
        await self._part_below(one)
        return await self._parted(given)

    async def _part_below(self, one: Document) -> None:
        for child in await self._repository.children(one["_id"]):
            await self._part_below(child)
            if child.get("merged_by") not in (None, child["_id"]):
                await self._parted(child["_id"])

    async def _parted(self, given: str) -> Document:
        def change(now: Document) -> Document | Owing:
            return {name: value for name, value in now.items() if name not in ("into", "merged_by")}

        after = await self._repository.sources.amend(given, change)
        assert after is not None
        await self._repository.sources.tell(after)
        return after

    # --- marks ---

    async def marks(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.marks, actor, limit=limit, after=after)

    async def add_mark(self, given: NewMark, *, actor: Actor) -> Document:
        """Raises InvalidInput for a source that is not there, and Conflict where it shows another one."""
        source = await self.named(given.source, actor, field="source")
        made = mark_id(given.kind, given.value)
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            "kind": given.kind,
            "value": given.value.strip(),
            "source": source["_id"],
            **belongs(actor.login, source["team"]),
        }
        known = await self._repository.marks.get(made)
        if known and not known["removed"]:
            if known["source"] != source["_id"]:
                raise Conflict(f"{given.value} shows another source, {known['source']}; take it away first")
            return known
        swapped = known and await self._repository.marks.swap({**document, "_v": known["_v"]})
        if not (swapped or await self._repository.marks.insert(document)):
            raise Conflict
        return document

    async def named(self, source: str, actor: Actor, *, field: str) -> Document:
        """The one that a form names in this field. Raises InvalidInput: it is not there for him."""
        try:
            return await self.get(source, actor)
        except NotFound as exc:
            raise InvalidInput(f"{field}: {exc}", fields={field: str(exc)}) from exc

    async def remove_mark(self, given: str, *, actor: Actor) -> None:
        """What it showed stays. Raises NotFound and Conflict."""
        found = await seen(self._repository.marks, given, actor, "mark")
        if not await self._repository.marks.swap({**found, "removed": True}):
            raise Conflict

    async def shown_by(self, kind: str, value: str) -> str | None:
        """The source that a mark shows."""
        found = await self._repository.mark(kind, value) if value.strip() else None
        return found["source"] if found else None

    async def of_mailing(self, mailing: str) -> str:
        """The source that answers to a mailing are touches of, whether there is one yet or not."""
        return await self.shown_by("mailing", mailing) or path_id(("mailing", mailing))

    async def is_there(self, given: str) -> bool:
        return await self._repository.plain.get(given) is not None

    async def called(self, reference: str, actor: Actor) -> Document:
        """The one that is called so elsewhere. Raises InvalidInput: there is none for him, or there are several."""
        found = [one for one in await self._repository.called(reference) if sees(actor, one)]
        if len(found) != 1:
            word = "several sources are" if found else "no source is"
            fix = f"{word} called {reference[:100]} elsewhere; give source_id, or channel and what is below it"
            raise InvalidInput(f"reference: {fix}", fields={"reference": fix})
        return found[0]

    async def shown_in(self, kind: str, values: Sequence[str]) -> tuple[str, str] | None:
        """The first mark that is among some words, and its source."""
        found = {one["value"].casefold(): one for one in await self._repository.marks_of(kind, values)}
        value = next((one for one in values if one.casefold() in found), None)
        return (value, found[value.casefold()]["source"]) if value else None
