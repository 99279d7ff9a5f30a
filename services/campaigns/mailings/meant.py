"""Whom a mailing means: by conditions, lists and guests of an event, page by page, each decided about once."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

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
from services.campaigns.mailings.guests import Guests
from services.campaigns.mailings.rows import variant_for
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
_ROOTS = """
SELECT c.id, r.id FROM clients c JOIN merged m ON m.k = c.k JOIN clients r ON r.k = m.root
WHERE c.k IN (SELECT unnest($keys::UBIGINT[]))
"""
_OWNERS = """
SELECT o.address, c.id FROM owned o LEFT JOIN merged m ON m.k = o.k JOIN clients c ON c.k = coalesce(m.root, o.k)
WHERE o.address IN (SELECT unnest($addresses::VARCHAR[]))
"""
_STRANGERS = """
SELECT g.address, '{}', coalesce(w.worthless, ''), coalesce(array_to_string(w.withdrawn, ','), ''),
  coalesce(array_to_string(w.given, ','), '')
FROM (SELECT unnest($addresses::VARCHAR[]) AS address) g LEFT JOIN addresses w ON w.address = g.address
ORDER BY g.address
"""
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
    guests: Guests | None = None
    """Of the event that it is about: nobody else is meant."""
    _invited: dict[str, int] = field(default_factory=dict)
    """By client, as he is read now, the number of the guest."""
    _nobodys: list[str] = field(default_factory=list)
    """Addresses of guests who are no clients, in order."""
    _seen: set[int] = field(default_factory=set)

    async def decided(self) -> AsyncIterator[list[Decided]]:
        """In pages, the same people in the same order while nothing changes."""
        keys = await self._keys()
        for start in range(0, len(keys), PAGE):
            yield await self._page(keys[start : start + PAGE])
        after = ""
        while rows := await (self._strangers(after) if self.guests else self._outsiders(after)):
            after = rows[-1][0]
            people = [self._as_guest(_outsider(row)) for row in rows]
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
        everybody = self.guests is not None and not (trees[0] or lists)
        text, given = await self.segments.question(Condition(all=()) if everybody else include, trees[1], self.actor)
        text += f" AND {among(self.actor.reach, given)}"
        if self.guests is not None:
            await self._look_up(self.guests)
            given["guests"] = [key_of(one) for one in self._invited]
            text += " AND c.k IN (SELECT unnest($guests::UBIGINT[]))"
        found = await self.columns.ask(f"SELECT c.k FROM clients c WHERE {text} ORDER BY c.id", given)
        return [row[0] for row in found]

    async def _page(self, keys: list[int]) -> list[Decided]:
        rows = await self.columns.ask(PEOPLE, {"keys": keys})
        said = await self._said_of(keys)
        people = [self._as_guest(_with_data(Person.of_row(row), said.get(key_of(row[0]), {}))) for row in rows]
        return await asyncio.to_thread(self._decided, people)

    async def _look_up(self, guests: Guests) -> None:
        """Who was merged since he was invited is whoever he is read as; who became a client is that client."""
        rows = await self.columns.ask(_ROOTS, {"keys": [key_of(one) for one in guests.by_client]})
        roots: dict[str, str] = dict(rows)
        self._invited = {roots.get(one, one): number for one, number in guests.by_client.items()}
        owners: dict[str, str] = dict(await self.columns.ask(_OWNERS, {"addresses": list(guests.by_address)}))
        self._nobodys = sorted(guests.by_address.keys() - owners.keys())
        for address, client in owners.items():
            self._invited.setdefault(client, guests.by_address[address])

    def _as_guest(self, person: Person) -> Person:
        """With what the event's template may say to him."""
        if self.guests is None:
            return person
        number = self._invited.get(person.client_id)
        if number is None and person.reached:
            number = self.guests.by_address.get(person.reached[0].address)
        return person if number is None else replace(person, data={**person.data, **self.guests.data(number)})

    async def _strangers(self, after: str) -> Sequence[tuple[Any, ...]]:
        """Guests who are no clients."""
        first = bisect_right(self._nobodys, after)
        some = self._nobodys[first : first + PAGE]
        return await self.columns.ask(_STRANGERS, {"addresses": some}) if some else ()

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
