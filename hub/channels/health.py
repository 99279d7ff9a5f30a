"""How an account of a channel is: noted by its worker, kept as a document, judged when it is read."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

from hub.channels.base import Health
from hub.kit.beside import beside
from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import Document

FAILURES = 3
"""So many messages in turn that could not be handed over make an account red."""
_FALLS_SILENT = timedelta(days=1)


class HealthNotes:
    """What the worker of an account saw; `changed` is set whenever there is news to be stored."""

    def __init__(self, account: str, clock: Clock, earlier: Document | None = None, *, posted: bool = False) -> None:
        """`earlier` is what an earlier worker stored: when something last came and went stays known, unless it
        cannot be read. `posted`: messages are posted to us, so that there is nothing to fetch.
        """
        now = clock.now()
        self._clock = clock
        self._note: Document = {
            "_id": account,
            "begun_at": iso(now),
            "taken_at": iso(now),
            "looked_at": None,
            "checked_at": None,
            "receiving": None,
            "sending": None,
            "failing": None,
            "failures": 0,
            "closed": None,
            "beside": None,
            "login_in": "unknown",
            "login_out": "unknown",
            "alarm": None,
            "last_in": None,
            "last_out": None,
            "posted": posted,
        }
        with beside("health", account=account):
            self._note |= _kept(earlier, now) if earlier else {}
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

    def looked(self, *, login: bool = True) -> None:
        """Everything that the provider holds for us is taken over, and, with `login`, it took the login."""
        proven = {"login_in": "ok"} if login else {}
        self._set(looked_at=self._now(), checked_at=self._now(), receiving=None, **proven)

    def received(self) -> None:
        self._set(last_in=self._now())

    def not_received(self, reason: str, *, login_refused: bool = False) -> bool:
        """Whether this is news: the same reason, try after try, is worth one line of the log."""
        news = bool(self._note["receiving"] != reason)
        self._set(receiving=reason, checked_at=self._now(), login_in="refused" if login_refused else None)
        return news

    def closed(self, reason: str) -> None:
        """By its settings nothing can come in, whatever the provider does."""
        self._set(closed=reason)

    def fails_beside(self, reason: str | None) -> bool:
        """What is not how messages come and go fails, or (none) does not any more; it is shown, and makes nothing
        red. Whether this is news.
        """
        news = bool(self._note["beside"] != reason)
        if news:
            self._set(beside=reason)
        return news

    def sent(self) -> None:
        self._set(last_out=self._now(), failing=None, failures=0)

    def reached(self) -> None:
        """The provider answers and takes the login."""
        self._set(sending=None, failing=None, failures=0, login_out="ok")

    def goes_on(self) -> None:
        """What kept it from sending is over; whether the provider takes the login is not known."""
        self._set(sending=None)

    def not_sent(self, reason: str, *, login_refused: bool = False) -> bool:
        """Whether this is news."""
        news = bool(self._note["sending"] != reason)
        self._set(sending=reason, checked_at=self._now(), login_out="refused" if login_refused else None)
        return news

    def failed_to_send(self, reason: str, *, login_refused: bool = False) -> None:
        """A message could not be handed over, and not for a reason of its own; several in turn are a closed way."""
        self._set(
            failing=reason,
            failures=self._note["failures"] + 1,
            checked_at=self._now(),
            login_out="refused" if login_refused else None,
        )

    def document(self) -> Document:
        return dict(self._note)

    def _now(self) -> str:
        return iso(self._clock.now())

    def _set(self, **news: str | int | None) -> None:
        for name in ("login_in", "login_out"):
            if news.get(name, "") is None:
                del news[name]  # an outage says nothing about the password
        self._note |= news
        self.changed.set()


def _kept(earlier: Document, now: datetime) -> Document:
    """What of an earlier worker's note stays true; a restart ends no silence. Raises where it cannot be read."""
    judge(earlier, now=now, silence=_FALLS_SILENT)
    kept = {name: earlier.get(name) for name in ("last_in", "last_out", "receiving", "alarm")}
    return {**kept, "begun_at": iso(now - _silent(earlier))}


def _silent(note: Document) -> timedelta:
    """How long the account had been silent when an earlier worker let go of it."""
    if not note["receiving"]:
        return timedelta()
    until = note["checked_at"] or note.get("taken_at") or note["begun_at"]
    return max(timedelta(), from_iso(until) - from_iso(note["looked_at"] or note["begun_at"]))


def judge(note: Document | None, *, now: datetime, silence: timedelta) -> Health:
    """Red when a login was refused, nothing can be sent, or nothing could be fetched for `silence`."""
    if note is None:
        return Health(state="starting", reason="no copy of the hub has taken it up yet")
    reason = _red(note, now, silence)
    looked = note["looked_at"]
    return Health(
        state="red" if reason else "green" if looked else "starting",
        reason=reason or note["receiving"] or note.get("failing") or note.get("beside"),
        last_in=_moment(note["last_in"]),
        last_out=_moment(note["last_out"]),
        lag_seconds=_lag(note, now, silence),
        credentials=_credentials(note),
        checked_at=_moment(note["checked_at"]),
    )


def shown(note: Document | None, *, now: datetime, silence: timedelta) -> Health:
    """The same of a stored note: one that cannot be read says so, and hides no other account."""
    try:
        return judge(note, now=now, silence=silence)
    except (KeyError, TypeError, ValueError) as exc:
        return Health(state="red", reason=f"what is stored of its health cannot be read: {type(exc).__name__}: {exc}")


def _red(note: Document, now: datetime, silence: timedelta) -> str | None:
    if note["login_in"] == "refused":
        return f"receiving: {note['receiving']}"
    if note["sending"]:
        return f"sending: {note['sending']}"
    if note.get("failing") and (note["login_out"] == "refused" or note["failures"] >= FAILURES):
        return f"sending: {note['failing']}"
    if note.get("closed"):
        return f"receiving: {note['closed']}"
    since = note["looked_at"] or note["begun_at"]
    if now - from_iso(since) >= silence:
        return f"nothing could be fetched since {since}: {note['receiving'] or 'no copy of the hub looks after it'}"
    return None


def _lag(note: Document, now: datetime, silence: timedelta) -> float | None:
    """Looks are stored now and then, so that a note without a reason lags only when it should be a newer one."""
    if note["looked_at"] is None or note.get("posted"):
        return None
    lag = now - from_iso(note["looked_at"])
    return round(lag.total_seconds(), 3) if note["receiving"] or lag >= silence / 2 else 0.0


def _credentials(note: Document) -> Literal["ok", "refused", "unknown"]:
    logins = {note["login_in"], note["login_out"]}
    return "refused" if "refused" in logins else "ok" if "ok" in logins else "unknown"


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
