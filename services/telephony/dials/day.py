"""A day of a list that dialled, as events: who was rung, who answered, who was there. Pure.

Agents and calls have numbers here: a recording says how the day went, and not who anybody is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.telephony.dials.rules import DROPPED, TALKED

MOST = 20_000
"""Numbers that are dialled in a day that is recorded."""
_THERE = ("available", "on_call", "after_call")
_ORDER = ("on", "dialled", "answered", "connected", "dropped", "failed", "free", "off")
"""Of what happened at one moment."""
Spells = Mapping[str, Sequence[Document]]
"""By login what he did, in order."""


def events_of(
    call_list: str, dials: Sequence[Document], spells: Spells, span: tuple[datetime, datetime]
) -> list[Any]:
    """`[seconds since the day began, what, call, agent]`, in order."""
    names = {login: f"agent{number}" for number, login in enumerate(sorted(spells), 1)}
    found = [event for login, some in spells.items() for event in _shifts(call_list, some, names[login], span)]
    for number, dial in enumerate(sorted(dials, key=lambda one: str(one["at"])), 1):
        found += _call(dial, f"c{number}", spells, names, span)
    day = iso(span[0])
    told = [[_seconds(day, at), what, call, agent] for at, what, call, agent in found]
    return sorted(told, key=lambda one: (one[0], _ORDER.index(one[1])))


def _seconds(since: str, until: str) -> float:
    return round(max(0.0, (from_iso(until) - from_iso(since)).total_seconds()), 3)


Told = tuple[str, str, str, str]


def _shifts(
    call_list: str, spells: Sequence[Document], agent: str, span: tuple[datetime, datetime]
) -> Iterator[Told]:
    """When he took calls of the list: pauses are no part of it."""
    since, until = iso(span[0]), iso(span[1])
    there = False
    for spell in spells:
        is_there = spell["state"] in _THERE and call_list in spell["lists"]
        if is_there != there:
            yield max(spell["since"], since), "on" if is_there else "off", "", agent
            there = is_there
    if there and (last := spells[-1]["until"]):
        yield min(last, until), "off", "", agent


def _call(
    dial: Document, call: str, spells: Spells, names: Mapping[str, str], span: tuple[datetime, datetime]
) -> Iterator[Told]:
    """What a machine answers nobody answered."""
    yield dial["at"], "dialled", call, ""
    if dial["end"] not in (TALKED, DROPPED):
        yield dial["over_at"], "failed", call, ""
        return
    yield dial["up_at"] or dial["talk_at"] or dial["over_at"], "answered", call, ""
    agent = names.get(dial["agent"] or "")
    if dial["end"] == DROPPED or agent is None:
        yield dial["over_at"], "dropped", call, ""
        return
    yield dial["talk_at"], "connected", call, agent
    mine = [one for one in spells[dial["agent"]] if one["call"] == dial["_id"]]
    over = mine[-1]["until"] if mine else dial["over_at"]
    yield max(over or iso(span[1]), dial["talk_at"]), "free", call, agent
