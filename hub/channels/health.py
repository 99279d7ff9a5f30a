"""How an account of a channel is: noted by its worker, kept as a document, judged when it is read."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

from hub.channels.base import Health
from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import Document


class HealthNotes:
    """What the worker of an account saw; `changed` is set whenever there is news to be stored."""

    def __init__(self, account: str, clock: Clock, earlier: Document | None = None) -> None:
        """`earlier` is what an earlier worker stored: when something last came and went stays known."""
        now = iso(clock.now() - _silent(earlier))
        kept = {name: (earlier or {}).get(name) for name in ("last_in", "last_out")}
        self._clock = clock
        self._note: Document = {
            "_id": account,
            "begun_at": now,
            "looked_at": None,
            "checked_at": None,
            "receiving": (earlier or {}).get("receiving"),
            "sending": None,
            "login_in": "unknown",
            "login_out": "unknown",
            "alarm": (earlier or {}).get("alarm"),
            **kept,
        }
        self.changed = asyncio.Event()

    @property
    def alarm(self) -> Document | None:
        """What was last told of it; see `hub.channels.alarm`."""
        alarm: Document | None = self._note["alarm"]
        return alarm

    @alarm.setter
    def alarm(self, alarm: Document) -> None:
        self._note["alarm"] = alarm
        self.changed.set()

    def looked(self) -> None:
        """Everything that the provider holds for us is taken over."""
        self._set(looked_at=self._now(), checked_at=self._now(), receiving=None, login_in="ok")

    def received(self) -> None:
        self._set(last_in=self._now())

    def not_received(self, reason: str, *, login_refused: bool = False) -> bool:
        """Whether this is news: the same reason, try after try, is worth one line of the log."""
        news = bool(self._note["receiving"] != reason)
        self._set(receiving=reason, checked_at=self._now(), login_in="refused" if login_refused else None)
        return news

    def sent(self) -> None:
        self._set(last_out=self._now())

    def reached(self) -> None:
        """The provider answers and takes the login."""
        self._set(sending=None, login_out="ok")

    def not_sent(self, reason: str, *, login_refused: bool = False) -> bool:
        """Whether this is news."""
        news = bool(self._note["sending"] != reason)
        self._set(sending=reason, checked_at=self._now(), login_out="refused" if login_refused else None)
        return news

    def document(self) -> Document:
        return dict(self._note)

    def _now(self) -> str:
        return iso(self._clock.now())

    def _set(self, **news: str | None) -> None:
        for name in ("login_in", "login_out"):
            if news.get(name, "") is None:
                del news[name]  # an outage says nothing about the password
        self._note |= news
        self.changed.set()


def _silent(note: Document | None) -> timedelta:
    """How long the account had been silent when an earlier worker let go of it: a restart ends no silence."""
    if note is None or not note["receiving"]:
        return timedelta()
    return max(timedelta(), from_iso(note["checked_at"]) - from_iso(note["looked_at"] or note["begun_at"]))


def judge(note: Document | None, *, now: datetime, silence: timedelta) -> Health:
    """Red when a login was refused, nothing can be sent, or nothing could be fetched for `silence`."""
    if note is None:
        return Health(state="starting", reason="no copy of the hub has taken it up yet")
    reason = _red(note, now, silence)
    looked = note["looked_at"]
    return Health(
        state="red" if reason else "green" if looked else "starting",
        reason=reason or note["receiving"],
        last_in=_moment(note["last_in"]),
        last_out=_moment(note["last_out"]),
        lag_seconds=_lag(note, now),
        credentials=_credentials(note),
        checked_at=_moment(note["checked_at"]),
    )


def _red(note: Document, now: datetime, silence: timedelta) -> str | None:
    if note["login_in"] == "refused":
        return f"receiving: {note['receiving']}"
    if note["sending"]:
        return f"sending: {note['sending']}"
    since = note["looked_at"] or note["begun_at"]
    if now - from_iso(since) >= silence:
        return f"nothing could be fetched since {since}: {note['receiving'] or 'no copy of the hub looks after it'}"
    return None


def _lag(note: Document, now: datetime) -> float | None:
    if note["looked_at"] is None:
        return None
    return round((now - from_iso(note["looked_at"])).total_seconds(), 3) if note["receiving"] else 0.0


def _credentials(note: Document) -> Literal["ok", "refused", "unknown"]:
    logins = {note["login_in"], note["login_out"]}
    return "refused" if "refused" in logins else "ok" if "ok" in logins else "unknown"


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
