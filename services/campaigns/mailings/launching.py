"""Freezes an audience: decides about each person once, writes it down, and only then lets the mailing run.

The people are taken at one instant; what they are and agreed to is looked up page by page. A step that is repeated
after a kill decides the same people again, and rows that are there stay.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

from hub.jobs.models import Args, ItemResult, Step
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import NotFound, TransientError
from hub.kit.reasons import reason_of
from hub.store.base import Document
from services.campaigns.mailings.audience import (
    DUPLICATE,
    PEOPLE,
    Decided,
    Person,
    Reached,
    Wanted,
    decide,
)
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.rows import row_of, variant_for, written
from services.campaigns.segments.models import Condition
from services.campaigns.segments.projection import key_of
from services.campaigns.segments.service import Columns
from services.campaigns.segments.sql import among

PAGE = 500
"""People decided about, and rows written, in one step of a thread or of the store."""
_OUTSIDERS = """
SELECT l.address, l.data, coalesce(w.worthless, ''), coalesce(array_to_string(w.withdrawn, ','), ''),
  coalesce(array_to_string(w.given, ','), '')
FROM (
  SELECT address, any_value(data) AS data FROM members WHERE list IN (SELECT unnest($lists::UBIGINT[])) GROUP BY 1
) l
LEFT JOIN owned o ON o.address = l.address LEFT JOIN addresses w ON w.address = l.address
WHERE o.address IS NULL AND l.address > $after ORDER BY l.address LIMIT $limit
"""
"""People of lists who are no clients."""
_SAID_OF = """
SELECT coalesce(m.root, o.k), any_value(l.data) FROM members l JOIN owned o ON o.address = l.address
LEFT JOIN merged m ON m.k = o.k
WHERE l.list IN (SELECT unnest($lists::UBIGINT[])) AND coalesce(m.root, o.k) IN (SELECT unnest($keys::UBIGINT[]))
GROUP BY 1
"""
"""What lists say of people who are clients."""


class Asks(Protocol):
    """Segments, as far as a mailing needs them."""

    async def question(
        self, include: Condition, exclude: Condition | None, actor: Any, *, named: str = ""
    ) -> tuple[str, dict[str, Any]]: ...


@dataclass(slots=True)
class Audience:
    """All that a mailing means, decided about one by one; addresses once."""

    columns: Columns
    segments: Asks
    mailing: Document
    wanted: Wanted
    actor: Any
    """Whose clients it may mean."""
    _seen: set[int] = field(default_factory=set)

    async def decided(self) -> AsyncIterator[list[Decided]]:
        """In pages, the same people in the same order while nothing changes."""
        keys = await self._keys()
        for start in range(0, len(keys), PAGE):
            yield await self._page(keys[start : start + PAGE])
        after = ""
        while rows := await self._outsiders(after):
            after = rows[-1][0]
            people = [_outsider(row) for row in rows]
            yield await asyncio.to_thread(self._decided, people)

    async def of_keys(self, keys: Sequence[int]) -> list[Decided]:
        """The clients of these keys, whatever the conditions say."""
        return await self._page(list(keys))

    async def _keys(self) -> list[int]:
        """Of all clients that are meant, at one instant."""
        mailing = self.mailing
        trees = [
            Condition.model_validate(mailing[name]) if mailing.get(name) else None for name in ("include", "exclude")
        ]
        lists = [Condition(list=one) for one in mailing["lists"]]
        include = Condition(any=(*([trees[0]] if trees[0] else []), *lists))
        text, given = await self.segments.question(include, trees[1], self.actor)
        text += f" AND {among(self.actor.reach, given)}"
        found = await self.columns.ask(f"SELECT c.k FROM clients c WHERE {text} ORDER BY c.id", given)
        return [row[0] for row in found]

    async def _page(self, keys: list[int]) -> list[Decided]:
        rows = await self.columns.ask(PEOPLE, {"keys": keys})
        said = await self._said_of(keys)
        people = [_with_data(Person.of_row(row), said.get(key_of(row[0]), {})) for row in rows]
        return await asyncio.to_thread(self._decided, people)

    async def _said_of(self, keys: list[int]) -> Mapping[int, Mapping[str, str]]:
        if not self.mailing["lists"]:
            return {}
        found = await self.columns.ask(_SAID_OF, {"keys": keys, "lists": self._list_keys})
        return {row[0]: orjson.loads(row[1]) for row in found}

    async def _outsiders(self, after: str) -> Sequence[tuple[Any, ...]]:
        if not self.mailing["lists"]:
            return ()
        return await self.columns.ask(_OUTSIDERS, {"lists": self._list_keys, "after": after, "limit": PAGE})

    @property
    def _list_keys(self) -> list[int]:
        return [key_of(one) for one in self.mailing["lists"]]

    def _decided(self, people: Sequence[Person]) -> list[Decided]:
        """In a thread: of two with one address the second one is a duplicate."""
        done = []
        for person in people:
            variant = variant_for(self.mailing, person)
            one = decide(person, self.wanted, variant or 0)
            if one.choices:
                addresses = {key_of(choice.address) for choice in one.choices}
                if addresses & self._seen:
                    one = Decided(person=person, reason=DUPLICATE)
                self._seen |= addresses
            done.append(one)
        return done


def _outsider(row: tuple[Any, ...]) -> Person:
    data = orjson.loads(row[1])
    reached = Reached(
        row[0], "", row[2], frozenset(filter(None, row[3].split(","))), frozenset(filter(None, row[4].split(",")))
    )
    about = {"name": data.get("name", ""), "language": language_of(data)}
    return Person(**about, reached=(reached,), data=data, seen_by=("team:",))


def language_of(data: Mapping[str, str]) -> str:
    """What a list says in its column of the language."""
    return (data.get("language") or data.get("язык") or "")[:5]


def _with_data(person: Person, data: Mapping[str, str]) -> Person:
    if not data:
        return person
    return replace(person, data=data, language=person.language or language_of(data))


class Launch:
    """The job; arguments: `mailing`. Its first step freezes, each other one writes rows."""

    kind = "launch"
    sends = True

    def __init__(
        self,
        repository: MailingRepository,
        prepare: Callable[[Document], Any],
        clock: Clock,
    ) -> None:
        """`prepare` gives the contents and the audience of a mailing."""
        self._repository = repository
        self._prepare = prepare
        self._clock = clock

    async def total(self, args: Args) -> int | None:
        """Known once it is frozen."""
        del args
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises NotFound for a mailing that is gone."""
        mailing = await self._repository.plain.get(args["mailing"])
        if mailing is None:
            raise NotFound(f"there is no mailing {args['mailing']}")
        if mailing["state"] != "freezing":
            return Step()  # cancelled, or done by another copy
        try:
            if cursor is None:
                return await self._freeze(mailing)
            return await self._write(mailing, orjson.loads(cursor))
        except TransientError:
            raise
        except Exception as exc:
            await self._fail(mailing["_id"], f"it could not be launched: {reason_of(exc)}")
            raise

    async def _fail(self, mailing_id: str, reason: str) -> None:
        """Nothing of it has left; whoever looks sees why."""
        at = iso(self._clock.now())

        def change(now: Document) -> Document:
            if now["state"] != "freezing":
                return now
            return {**now, "state": "failed", "reason": reason[:500], "changed_at": at}

        if failed := await self._repository.mailings.amend(mailing_id, change):
            await self._repository.mailings.tell(failed)

    async def _freeze(self, mailing: Document) -> Step:
        contents, audience = await self._prepare(mailing)
        await contents.keep(self._repository)
        at, number, part = from_iso(mailing["launched_at"]), 0, 0
        async for page in audience.decided():
            rows = [row_of(mailing, contents, one, number + n, at) for n, one in enumerate(page)]
            number += len(rows)
            await self._repository.freeze(mailing["_id"], part, rows)
            part += 1
        result = ItemResult("frozen", {"audience": number})
        return Step([result], orjson.dumps({"part": 0, "parts": part, "audience": number}).decode())

    async def _write(self, mailing: Document, now: dict[str, int]) -> Step:
        if now["part"] == now["parts"]:

            async def run() -> None:
                await self._run(mailing["_id"], now["audience"])

            return Step([], None, run)
        rows = await self._repository.frozen(mailing["_id"], now["part"])

        async def act() -> None:
            await self._repository.add_rows(rows)

        after = orjson.dumps({**now, "part": now["part"] + 1}).decode()
        return Step([ItemResult(f"part-{now['part']}", {"rows": len(rows)})], after, act)

    async def _run(self, mailing_id: str, audience: int) -> None:
        at = iso(self._clock.now())
        seeds = await self._seeds(mailing_id)
        await self._repository.add_rows(seeds)

        def change(now: Document) -> Document:
            if now["state"] != "freezing":
                return now
            return {**now, "state": "running", "audience": audience, "changed_at": at, "active": True, "seen_at": at}

        changed = await self._repository.mailings.amend(mailing_id, change)
        if changed:
            await self._repository.mailings.tell(changed)

    async def _seeds(self, mailing_id: str) -> list[Document]:
        """Colleagues who look whether all is well: they get it, and are in no count."""
        mailing = await self._repository.plain.get(mailing_id)
        if mailing is None or not mailing["seeds"]:
            return []
        contents, _ = await self._prepare(mailing)
        at = from_iso(mailing["launched_at"])
        rows = []
        for number, address in enumerate(mailing["seeds"], 900_000_000):
            way = next(
                (n for n, m in enumerate(mailing["messages"]) if address.startswith(_KINDS[m["channel"]])), None
            )
            if way is None:
                continue
            person = Person(name="", reached=(Reached(address),), seen_by=("team:",))
            choice = {"way": way, "address": address, "raw": "", "language": mailing["messages"][way]["language"]}
            rows.append({**written(mailing, contents, person, choice, number, at), "mailing": f"{mailing_id}/seeds"})
        return rows


_KINDS = {"email": "email:", "sms": "phone:", "telegram": "telegram:"}
