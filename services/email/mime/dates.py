"""The `Date` header, also as old and careless programs write it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
_ZONES |= {"bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "msk": 3, "msd": 4, "jst": 9}

_USUAL = re.compile(
    r"\s*(?:[A-Z][a-z]{2}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"
)
_ZONE = r"(?:\s*(?:(?:gmt|utc?)?([+-])(\d{1,2}):?(\d{2})|([a-z]{1,5})))?"
_TIME = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?"
_RFC = re.compile(rf"\b(\d{{1,2}})[\s-]+([a-z]{{3}})[a-z.]*[\s,-]+(\d{{2,4}})[\s,]+{_TIME}{_ZONE}", re.I)
_ASCTIME = re.compile(
    rf"\b([a-z]{{3}})[a-z.]*\s+(\d{{1,2}}),?\s+{_TIME}\s+(?:([a-z]{{3,4}})\s+)?(\d{{4}}){_ZONE}", re.I
)
_ISO = re.compile(rf"\b(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})[T\s]+{_TIME}{_ZONE}", re.I)
_DAY = re.compile(r"\b(\d{1,2})[\s-]+([a-z]{3})[a-z.]*[\s,-]+(\d{4})\b", re.I)


def parse(text: str | None) -> datetime | None:
    """An aware datetime in the sender's own offset (UTC where none is given); None where it says no date."""
    if not text:
        return None
    if match := _USUAL.match(text):
        day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
        return _build(year, _MONTHS.get(month.lower()), day, [hour, minute, second], [sign, hours, minutes, None])
    text = text[:200]
    if match := _RFC.search(text):
        day, month, year, *time = match.groups()
        return _build(year, _MONTHS.get(month.lower()), day, time[:3], time[3:])
    if match := _ISO.search(text):
        year, number, day, *time = match.groups()
        return _build(year, int(number), day, time[:3], time[3:])
    if match := _ASCTIME.search(text):
        month, day, hour, minute, second, name, year, *zone = match.groups()
        return _build(year, _MONTHS.get(month.lower()), day, [hour, minute, second], [*zone[:3], name or zone[3]])
    if match := _DAY.search(text):
        return _build(match[3], _MONTHS.get(match[2].lower()), match[1], ["0", "0", None], [None] * 4)
    return None


def _build(year: str, month: int | None, day: str, time: list[str | None], zone: list[str | None]) -> datetime | None:
    hour, minute, second = (int(part or 0) for part in time)
    try:
        return datetime(_full_year(year), month or 0, int(day), hour, minute, min(second, 59), tzinfo=_zone(zone))
    except (ValueError, OverflowError):
        return None


def _full_year(year: str) -> int:
    """Two and three digits as RFC 5322, 4.3 reads them."""
    number = int(year)
    if len(year) > 3:
        return number
    return number + (2000 if len(year) == 2 and number < 50 else 1900)


def _zone(zone: list[str | None]) -> timezone:
    sign, hours, minutes, name = zone
    if sign is None:
        return _offset(_ZONES.get((name or "").lower(), 0) * 60)
    return _offset((int(hours or 0) * 60 + int(minutes or 0)) * (-1 if sign == "-" else 1))


@lru_cache(maxsize=200)
def _offset(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes)) if minutes and abs(minutes) < 24 * 60 else UTC
