"""When a message shall leave: pure."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from hub.api.forms import Moment
from hub.kit.errors import InvalidInput

_SENSIBLE = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def _sensible(given: datetime) -> datetime:
    if not _SENSIBLE[0] <= given < _SENSIBLE[1]:
        raise ValueError("must lie between the years 1900 and 2200")
    return given


Sensible = Annotated[Moment, AfterValidator(_sensible)]
"""A moment that something can be so long before or after without leaving the calendar."""
LATEST = timedelta(days=366)
"""A message may be planned so far ahead."""


class Wish(Protocol):
    """What an employee says about it."""

    @property
    def send_at(self) -> datetime | None: ...

    @property
    def send_at_local(self) -> datetime | None: ...

    @property
    def time_zone(self) -> str | None: ...

    @property
    def undo_seconds(self) -> int | None: ...


def leaving(wish: Wish, *, now: datetime, undo: timedelta) -> datetime | None:
    """The moment in UTC; none is at once.

    Raises:
        InvalidInput: the moment does not exist, is ambiguous, has passed or is too far ahead.
    """
    wished = moment(wish)
    if wished is None:
        wait = undo if wish.undo_seconds is None else timedelta(seconds=wish.undo_seconds)
        return now + wait if wait else None
    if wished <= now:
        raise _wrong(_field(wish), f"{wished:%Y-%m-%dT%H:%M:%SZ} has passed; leave it out to send at once")
    if wished > now + LATEST:
        raise _wrong(_field(wish), f"is more than {LATEST.days} days ahead; choose an earlier time")
    return wished


def moment(wish: Wish) -> datetime | None:
    """`send_at`, or `send_at_local` in its time zone, in UTC."""
    zone = zone_of(wish.time_zone) if wish.time_zone else None
    if wish.send_at and wish.send_at_local:
        raise _wrong("send_at_local", "give send_at or send_at_local, not both")
    if wish.send_at:
        if wish.send_at.tzinfo is None:
            raise _wrong("send_at", "has no offset; write 2026-03-02T09:00:00+03:00, or use send_at_local")
        return wish.send_at.astimezone(UTC)
    if wish.send_at_local is None:
        return None
    if zone is None:
        raise _wrong("time_zone", "send_at_local needs one, as Europe/Moscow")
    if wish.send_at_local.tzinfo is not None:
        raise _wrong("send_at_local", "has an offset; leave it out, or use send_at")
    return _in_zone(wish.send_at_local, zone)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local:
        raise _wrong("send_at_local", f"{local} does not exist in {zone.key}: the clocks go forward; choose another")
    if local.replace(tzinfo=zone, fold=1).utcoffset() != local.replace(tzinfo=zone).utcoffset():
        raise _wrong("send_at_local", f"{local} comes twice in {zone.key}: the clocks go back; use send_at")
    return found


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as exc:
        raise _wrong("time_zone", f"{name!r} is no time zone; write it as Europe/Moscow") from exc


def _field(wish: Wish) -> str:
    return "send_at" if wish.send_at else "send_at_local"


def _wrong(field: str, fix: str) -> InvalidInput:
    return InvalidInput(f"{field}: {fix}", fields={field: fix})
