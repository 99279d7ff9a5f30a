"""Who is whose turn in the queue of a line: pure, on the one document that all copies of the hub share."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from hub.kit.clock import from_iso, iso
from hub.store.base import Document

WAITING, RINGING = "waiting", "ringing"
GONE = timedelta(seconds=60)
"""Whom nobody asked about for so long hung up, though nobody told us; who is there after all has his place again."""
_TALKS = 20
_USUAL_TALK = 180.0
"""Seconds of a conversation, where none is known yet."""


def empty(line: str) -> Document:
    """The queue of a line before anybody waited there."""
    return {"_id": line, "places": [], "talks": []}


def place_of(queue: Document, call: str) -> Document | None:
    return next((one for one in queue["places"] if one["call"] == call), None)


def is_full(queue: Document, most: int, now: datetime) -> bool:
    return len(cleaned(queue, now)["places"]) >= most


def seen(queue: Document, call: str, joined_at: str, now: datetime) -> Document:
    """The queue in which somebody waits: at the place that the moment gives at which he joined it."""
    mine = place_of(queue, call) or {
        "call": call,
        "joined_at": joined_at,
        "told_at": "",
        "state": WAITING,
        "login": "",
    }
    return _with(cleaned(queue, now), {**mine, "seen_at": iso(now)})


def told(queue: Document, call: str, now: datetime) -> Document:
    """He hears now where he is."""
    mine = place_of(queue, call)
    return _with(queue, {**mine, "told_at": iso(now)}) if mine else queue


def rings(queue: Document, call: str, login: str, until: datetime) -> Document:
    """The rings for a caller are numbered: the end of one says nothing about the next."""
    mine = place_of(queue, call)
    if mine is None:
        return queue
    ring = mine.get("ring", 0) + 1
    return _with(queue, {**mine, "state": RINGING, "login": login, "ring": ring, "seen_at": iso(until)})


def is_ringing(queue: Document, call: str, ring: int) -> bool:
    """Whether this is the ring that goes on."""
    mine = place_of(queue, call)
    return mine is not None and mine["state"] == RINGING and mine.get("ring", 0) == ring


def waits_again(queue: Document, call: str, ring: int, now: datetime) -> Document:
    """The member who was rung did not answer: the caller has the place that he had."""
    mine = place_of(queue, call)
    if mine is None or not is_ringing(queue, call, ring):
        return queue
    return _with(queue, {**mine, "state": WAITING, "login": "", "seen_at": iso(now)})


def left(queue: Document, call: str) -> Document:
    rest = [one for one in queue["places"] if one["call"] != call]
    return {**queue, "places": rest} if len(rest) < len(queue["places"]) else queue


def talked(queue: Document, seconds: float) -> Document:
    """A conversation is over: by the last ones it is told how long the next caller will wait."""
    return {**queue, "talks": [*queue["talks"], round(seconds, 1)][-_TALKS:]}


def position(queue: Document, call: str) -> int:
    """From 1; those who are being rung for are in it."""
    return [one["call"] for one in queue["places"]].index(call) + 1


def rank(queue: Document, call: str) -> int:
    """How many wait before him for whom nobody is rung yet: the free members in their order are these callers'."""
    return [one["call"] for one in queue["places"] if one["state"] == WAITING or one["call"] == call].index(call)


def minutes(queue: Document, call: str, at_work: int) -> int:
    """How long it will take as far as can be told: at least one."""
    talks: Sequence[float] = queue["talks"]
    usual = sum(talks) / len(talks) if talks else _USUAL_TALK
    return max(1, ceil(position(queue, call) * usual / max(1, at_work) / 60))


def is_told(queue: Document, call: str, every: float, now: datetime) -> bool:
    """Whether he shall hear again where he is."""
    mine = place_of(queue, call)
    return bool(mine and (not mine["told_at"] or (now - from_iso(mine["told_at"])).total_seconds() >= every))


def cleaned(queue: Document, now: datetime) -> Document:
    """Without those who are gone."""
    there = [one for one in queue["places"] if one["seen_at"] >= iso(now - GONE)]
    return {**queue, "places": there} if len(there) < len(queue["places"]) else queue


def _with(queue: Document, place: Document) -> Document:
    others = [one for one in queue["places"] if one["call"] != place["call"]]
    return {**queue, "places": sorted([*others, place], key=lambda one: (one["joined_at"], one["call"]))}
