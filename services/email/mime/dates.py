"""The `Date` header, also as old and careless programs write it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_HOURS = {
    0: "gmt ut utc z wet", 1: "west bst cet met", 2: "cest mest eet sast", 3: "eest msk trt", 4: "msd gst samt",
    5: "pkt yekt", 6: "omst", 7: "novt krat ict wib", 8: "irkt hkt sgt awst", 9: "yakt jst kst", 10: "vlat aest",
    11: "aedt magt", 12: "pett nzst", 13: "nzdt", -3: "art brt", -4: "clt edt", -5: "est cdt", -6: "cst mdt",
    -7: "mst pdt", -8: "pst akdt", -9: "akst", -10: "hst",
}  # fmt: skip
_ZONES = {name: hours for hours, names in _HOURS.items() for name in names.split()}

_USUAL = re.compile(
    r"\s*(?:[A-Z][a-z]{2}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"
)
_ZONE = r"(?:\s*(?:(?:gmt|utc?)?\s*([+-])(?:(\d{1,2}):?(\d{2})|(\d{1,2}))(?!\d)|([^\W\d_]{1,20})))?"
_TIME = r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?(?:\s*([ap])\.?m\b\.?)?"
_RFC = re.compile(rf"\b(\d{{1,2}})[\s-]+([a-z]{{3}})[a-z.]*[\s,-]+(\d{{2,4}})[\s,]+{_TIME}{_ZONE}", re.I)
_ASCTIME = re.compile(
    rf"\b([a-z]{{3}})[a-z.]*\s+(\d{{1,2}}),?\s+{_TIME}\s+(?:([a-z]{{3,4}})\s+)?(\d{{4}}){_ZONE}", re.I
)
_ISO = re.compile(rf"\b(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})[T\s]+{_TIME}{_ZONE}", re.I)
_DAY = re.compile(r"\b(\d{1,2})[\s-]+([a-z]{3})[a-z.]*[\s,-]+(\d{4})\b", re.I)


def parse(text: str | None) -> datetime | None:
    """An aware datetime in the sender's own offset (UTC where none is given); None where it says no date, or names a
    time zone that nobody knows: then the server's date is nearer.
    """
    if not text:
        return None
    if match := _USUAL.match(text):
        day, month, year, hour, minute, second, *zone = match.groups()
        return _build(year, _MONTHS.get(month.lower()), day, (hour, minute, second, None), (*zone, None, None))
    text = text[:200]
    if match := _RFC.search(text):
        day, month, year, *rest = match.groups()
        return _build(year, _MONTHS.get(month.lower()), day, rest[:4], rest[4:])
    if match := _ISO.search(text):
        year, number, day, *rest = match.groups()
        return _build(year, int(number), day, rest[:4], rest[4:])
    if match := _ASCTIME.search(text):
        month, day, *rest = match.groups()
        time, name, year, zone = rest[:4], rest[4], rest[5] or "", rest[6:]
        return _build(year, _MONTHS.get(month.lower()), day, time, (*zone[:4], name or zone[4]))
    if match := _DAY.search(text):
        return _build(match[3], _MONTHS.get(match[2].lower()), match[1], ("0", "0", None, None), (None,) * 5)
    return None


_Groups = Sequence[str | None]


def _build(year: str, month: int | None, day: str, time: _Groups, zone: _Groups) -> datetime | None:
    """`time`: hour, minute, second, and a or p of a clock of twelve hours."""
    hour, minute, second = (int(part or 0) for part in time[:3])
    if time[3]:
        hour = hour % 12 + (12 if time[3] in "pP" else 0)
    offset = _zone(zone)
    if offset is None:
        return None
    try:
        return datetime(_full_year(year), month or 0, int(day), hour, minute, min(second, 59), tzinfo=offset)
    except (ValueError, OverflowError):
        return None


def _full_year(year: str) -> int:
    """Two and three digits as RFC 5322, 4.3 reads them."""
    number = int(year)
    if len(year) > 3:
        return number
    return number + (2000 if len(year) == 2 and number < 50 else 1900)


def _zone(zone: _Groups) -> timezone | None:
    """`zone`: sign, hours, minutes, hours alone, name. None: nobody knows it. A military letter is as good as UTC
    (RFC 5322, 4.3).
    """
    sign, hours, minutes, bare, name = zone
    if sign is None:
        known = _ZONES.get(name.lower()) if name and len(name) > 1 else 0
        return None if known is None else _offset(known * 60)
    return _offset((int(hours or bare or 0) * 60 + int(minutes or 0)) * (-1 if sign == "-" else 1))


@lru_cache(maxsize=200)
def _offset(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes)) if minutes and abs(minutes) < 24 * 60 else UTC
