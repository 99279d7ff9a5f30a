"""Who is busy when, and when all of some people are free: pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.interactions.calendars.working import WorkingCalendar


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a moment until before another, in UTC."""

    since: datetime
    until: datetime

    def meets(self, other: "Span") -> bool:
        return self.since < other.until and other.since < self.until


def joined(spans: Iterable[Span]) -> list[Span]:
    """Those that touch as one, in order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.since <= found[-1].until:
            found[-1] = Span(found[-1].since, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found


def working(calendar: WorkingCalendar, within: Span) -> list[Span]:
    """When somebody works."""
    found: list[Span] = []
    for start, stop in calendar.periods(within.since):
        if start >= within.until:
            break
        found.append(Span(start, min(stop, within.until)))
    return joined(found)


def common(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What is in both; each in order and without overlap."""
    found: list[Span] = []
    at, beside = 0, 0
    while at < len(ones) and beside < len(others):
        one, other = ones[at], others[beside]
        if one.meets(other):
            found.append(Span(max(one.since, other.since), min(one.until, other.until)))
        if one.until <= other.until:
            at += 1
        else:
            beside += 1
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> Iterator[Span]:
    """What is left of the ones; both in order and without overlap."""
    busy = list(taken)
    for span in spans:
        since = span.since
        for other in busy:
            if other.until <= since or other.since >= span.until:
                continue
            if other.since > since:
                yield Span(since, other.since)
            since = max(since, other.until)
        if since < span.until:
            yield Span(since, span.until)


def long_enough(spans: Iterable[Span], minutes: int) -> list[Span]:
    return [span for span in spans if span.until - span.since >= timedelta(minutes=minutes)]
