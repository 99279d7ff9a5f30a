"""When somebody works: hours of the week in his time zone, holidays with their moved days, exceptions. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Hours = tuple[tuple[time, time], ...]
"""Parts of a day, in order; a shift over midnight is two."""
WORKDAY: Hours = ((time(9), time(18)),)
_LAST = date(9990, 1, 1)
DAYS_AHEAD = 1_100
"""So far it is looked for working time; who works never is told so."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Moments are in UTC; days are of the time zone."""

    zone: ZoneInfo
    week: Mapping[int, Hours] = field(default_factory=lambda: dict.fromkeys(range(1, 6), WORKDAY))
    """By weekday, 1 is Monday."""
    country: str = "RU"
    """Whose holidays count (ISO 3166); empty: nobody's."""
    exceptions: Mapping[date, Hours] = field(default_factory=dict)
    """Days that are otherwise: no hours is a day off."""

    def hours(self, day: date) -> Hours:
        """Of one day. A working Saturday has the hours of a Monday."""
        if day in self.exceptions:
            return self.exceptions[day]
        off, moved = _days(self.country, day.year) if self.country else (frozenset(), frozenset())
        if day in off:
            return ()
        return self.week.get(1, WORKDAY) if day in moved else self.week.get(day.isoweekday(), ())

    def periods(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working time from a moment on, in order."""
        first = since.astimezone(self.zone).date()
        for number in range(min(DAYS_AHEAD, (_LAST - first).days)):
            day = first + timedelta(days=number)
            for begin, end in self.hours(day):
                start, stop = (datetime.combine(day, at, self.zone).astimezone(UTC) for at in (begin, end))
                if stop > since:
                    yield max(start, since), stop

    def is_working(self, moment: datetime) -> bool:
        return next((start == moment for start, _ in self.periods(moment)), False)

    def after(self, since: datetime, working: timedelta) -> datetime | None:
        """When so much working time has passed; none where he works too little for it."""
        left = working
        for start, stop in self.periods(since):
            if stop - start >= left:
                return start + left
            left -= stop - start
        return None

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Working time between two moments."""
        found = timedelta()
        for start, stop in self.periods(since):
            if start >= until:
                break
            found += min(stop, until) - start
        return found

    def works_between(self, since: datetime, until: datetime) -> bool:
        """Whether there is any working time between two moments."""
        return next((start < until for start, _ in self.periods(since)), False)

    def end_of(self, day: date) -> datetime | None:
        """Of the last working hour of this day, or of the next day that has any."""
        for number in range(DAYS_AHEAD):
            if hours := self.hours(day + timedelta(days=number)):
                return datetime.combine(day + timedelta(days=number), hours[-1][1], self.zone).astimezone(UTC)
        return None


def load(country: str, years: range) -> bool:
    """Makes the holidays of a country ready, which takes a second; whether they are known."""
    from holidays import list_supported_countries

    if country not in list_supported_countries():
        return False
    for year in years:
        _days(country, year)
    return True


@lru_cache(maxsize=64)
def _days(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off, and weekends that are worked."""
    from holidays import country_holidays

    found = country_holidays(country, years=year)
    return frozenset(found), frozenset(found.weekend_workdays)


def in_order(hours: Sequence[tuple[time, time]]) -> bool:
    """Whether the parts of a day follow each other."""
    ends = [moment for part in hours for moment in part]
    return ends == sorted(ends) and all(begin < end for begin, end in hours)
