"""What a new connection tells of the calls that were going on when the old one broke."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.telephony.ami.channels import Channels
from services.telephony.ami.events import Event

_GRACE = 1.0
"""Seconds: a channel this young may have begun beside a listing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """At `moment` the exchange said who lives. Whoever was there before and is not `alive` has ended unseen."""

    moment: float
    heard: float
    """When the connection before it still stood: until then they lived, unless they were seen to end."""
    alive: frozenset[str] = frozenset()
    before: float = 0.0
    """Of a restart: whoever began before it has ended."""


class Marks:
    """Collects them from the events of one exchange, in order."""

    def __init__(self) -> None:
        self.found: list[Mark] = []
        self._listed: dict[str, set[str]] = defaultdict(set)
        self._last = 0.0
        self._heard = 0.0

    def see(self, event: Event) -> Mark | None:
        """The mark that this event completes, if it does."""
        if event.kind == "Greeting":
            self._heard = max(float(event["Heard"] or 0), self._last)
            self._listed.clear()
        elif event.kind == "FullyBooted":
            return self._booted(event)
        elif event.kind == "CoreShowChannel":
            self._listed[event["ActionID"]].add(event["Uniqueid"])
        elif event.kind == "CoreShowChannelsComplete":
            return self._complete(event)
        elif event.kind != "Status":
            self._last = event.moment
        return None

    def _booted(self, event: Event) -> Mark | None:
        if not event["Uptime"].isdigit():
            return None
        began = event.moment - int(event["Uptime"]) - 1  # whole seconds, cut off
        return self._add(Mark(event.moment, self._heard or self._last, before=began))

    def _complete(self, event: Event) -> Mark | None:
        alive = self._listed.pop(event["ActionID"], set())
        if event["ListItems"].isdigit() and int(event["ListItems"]) != len(alive):
            return None  # some of the list was not seen: it proves nothing
        return self._add(Mark(event.moment, self._heard or self._last, frozenset(alive), event.moment - _GRACE))

    def _add(self, mark: Mark) -> Mark:
        self.found.append(mark)
        return mark


def marks_of(events: Iterable[Event]) -> list[Mark]:
    """All marks of the events, which are in order."""
    marks = Marks()
    for event in events:
        marks.see(event)
    return marks.found


def close_lost(channels: Channels, marks: Iterable[Mark]) -> None:
    """Ends the channels that are gone according to the marks, at the last moment they are known to have lived."""
    for mark in sorted(marks, key=lambda one: (one.moment, one.before)):
        for channel in channels.all:
            gone = channel.ended is None and channel.last < mark.before and channel.uid not in mark.alive
            if gone and channel.first != float("inf"):
                heard = mark.heard if mark.heard < mark.moment else channel.last
                channel.ended, channel.lost = max(channel.last, heard), True
