"""What is to be done with a caller next: pure, and the same for every exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.telephony.flow.models import Flow


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Says it and waits for one of the keys."""

    text: str
    keys: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings all phones of these at once."""

    logins: tuple[str, ...]
    seconds: int
    recorded: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Takes a message after the beep."""

    seconds: int


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


Act = Say | Ask | Ring | Record | HangUp


def begin(flow: Flow, now: datetime) -> list[Act]:
    """For a call that comes in now."""
    if flow.hours and not flow.hours.is_open(now):
        return [*_said(flow.closed), *_voicemail(flow)]
    opening = [*_said(flow.greeting), *_said(flow.announcement)]
    return [*opening, *_menu(flow)] if flow.menu else [*opening, *_ringing(flow, flow.ring)]


def chosen(flow: Flow, key: str) -> list[Act]:
    """After a key of the menu; without one, or with another, he is asked once more, or those ring who ring anyhow."""
    choices = flow.menu.choices if flow.menu else {}
    if key in choices:
        return _ringing(flow, choices[key])
    return _ringing(flow, flow.ring) if flow.ring else _menu(flow)


def unanswered(flow: Flow) -> list[Act]:
    """Nobody took it."""
    return _voicemail(flow)


def _menu(flow: Flow) -> list[Act]:
    if flow.menu is None:
        return _voicemail(flow)
    return [Ask(flow.menu.text, "".join(sorted(flow.menu.choices)))]


def _ringing(flow: Flow, logins: Sequence[str]) -> list[Act]:
    if not logins:
        return _voicemail(flow)
    return [Ring(tuple(logins), flow.ring_seconds, bool(flow.announcement))]


def _voicemail(flow: Flow) -> list[Act]:
    if not flow.voicemail:
        return [HangUp()]
    return [Say(flow.voicemail), Record(flow.voicemail_seconds)]


def _said(text: str) -> list[Act]:
    return [Say(text)] if text else []
