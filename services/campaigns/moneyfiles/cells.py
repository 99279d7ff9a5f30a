"""Amounts and days in cells, as offices write them: nothing is guessed that may be two things. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.kit.errors import InvalidInput
from services.campaigns.moneyfiles.currencies import CODES

_SIGNS = {
    **dict.fromkeys(("₽", "руб", "рублей", "рубль", "р", "rur", "rub"), "RUB"),
    **dict.fromkeys(("$", "usd", "долл"), "USD"),
    **dict.fromkeys(("€", "eur", "евро"), "EUR"),
    **dict.fromkeys(("₸", "тенге", "kzt"), "KZT"),
    **dict.fromkeys(("byn", "бел руб"), "BYN"),
    **dict.fromkeys(("¥", "cny", "юань"), "CNY"),
}
_WORDS = r"[^\W\d_]+(?:[ .]+[^\W\d_]+)*\.?|[₽$€₸¥]"
_LETTERS = re.compile(rf"^\s*(?:{_WORDS})|(?:{_WORDS})\s*$")
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_CENT, _NOISE = Decimal("0.01"), Decimal("0.000001")
_LONGEST = 40
_LAST = time(23, 59, 59)
_MONTHS = (
    *("янв(?:ар[ьяе])?|jan(?:uary)?", "фев(?:р(?:ал[ьяе])?)?|feb(?:ruary)?", "мар(?:т[ае]?)?|mar(?:ch)?"),
    *("апр(?:ел[ьяе])?|apr(?:il)?", "ма[йяе]|may", "июн[ьяе]?|june?", "июл[ьяе]?|july?"),
    *("авг(?:уст[ае]?)?|aug(?:ust)?", "сен(?:т(?:ябр[ьяе])?)?|sept?(?:ember)?", "окт(?:ябр[ьяе])?|oct(?:ober)?"),
    *("ноя(?:б(?:р[ьяе])?)?|nov(?:ember)?", "дек(?:абр[ьяе])?|dec(?:ember)?"),
)
"""In full or shortened; a word that only begins so, as мартини, is none."""
_NAMED_MONTH = re.compile(r"([^\W\d_]{3,10})\.?,?\s+(\d{4})(?:\s*г\.?)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_USUAL = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})(?!\d)")
_BETWEEN = re.compile(r"(\d[\d./]*)\s*[-\u2013\u2014]\s*(\d[\d./]*)")
_MONTH = re.compile(r"(?:(\d{4})-(\d{1,2})|(\d{1,2})[./](\d{4}))")
_TIME = r"[T ,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([AaPp][Mm])?\s*(Z|[+-]\d\d(?::?\d\d)?)?"
_AFTER = re.compile(rf"\s*(?:г\.?|года)?(?:{_TIME})?\s*")
"""What may stand after a day."""


def amount_of(text: str, *, field: str = "amount") -> tuple[Decimal, str]:
    """An amount and its currency, empty where none stands there: `1 234,50 ₽`, `-1,234.50`, `(100)`.

    Raises:
        InvalidInput: it is none, has parts of a hundredth, or may be two things, as `1,234`.
    """
    signs = [
        _SIGNS.get(one.strip(". \n\t").casefold(), one.strip(". \n\t").upper()) for one in _LETTERS.findall(text)
    ]
    bare = _SPACES.sub("", _LETTERS.sub("", text)).replace("\u2212", "-").replace("\u2013", "-")
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    plain = _with_point(bare, field, text)
    if len(text) > _LONGEST or len(signs) > 1 or not _NUMBER.fullmatch(plain):
        raise InvalidInput(f"{field}: {text[:_LONGEST]!r} is no amount; write it as 1234,50")
    value = Decimal(plain)
    rounded = value.quantize(_CENT)
    if abs(value - rounded) > _NOISE:
        raise InvalidInput(f"{field}: {text[:_LONGEST]!r} has parts of a hundredth; round it to two places")
    return rounded, signs[0] if signs else ""


def _with_point(bare: str, field: str, text: str) -> str:
    """The decimal mark is a point. Of points and commas the last one is the mark, one that comes twice is none."""
    if "," in bare and "." in bare:
        mark = max(",.", key=bare.rfind)
        other = "." if mark == "," else ","
        grouped = re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{other}\d{{3}})+\{mark}\d+", bare)
        return bare.replace(other, "").replace(mark, ".") if grouped else ""
    mark = "," if "," in bare else "."
    if bare.count(mark) > 1:
        groups = bare.lstrip("+-").split(mark)
        return bare.replace(mark, "") if all(len(one) == 3 for one in groups[1:]) and groups[0] else ""
    if re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}", bare):
        whole = bare.replace(mark, "")
        said = f"{text[:_LONGEST]!r} may be {whole} or {bare}; write it with two places, as {whole},00"
        raise InvalidInput(f"{field}: {said}")
    return bare.replace(",", ".")


def currency_of(text: str) -> str:
    """ISO 4217, of a code or a sign. Raises InvalidInput."""
    said = text.strip(". ").casefold()
    code = _SIGNS.get(said, said.upper())
    if code not in CODES:
        known = f"known are {', '.join(sorted(_SIGNS))}, and the codes of ISO 4217: {', '.join(sorted(CODES))}"
        raise InvalidInput(f"currency: {text[:_LONGEST]!r} is none; {known}")
    return code


def day_of(text: str, *, field: str, month_first: bool = False) -> date:
    """`2026-03-02`, `02.03.2026`, `2/3/26`, also before a time. Raises InvalidInput."""
    return _day_and_rest(text, field, month_first)[0]


def _day_and_rest(text: str, field: str, month_first: bool) -> tuple[date, re.Match[str]]:
    """With what stands after it: a time, or nothing that is known; anything else might be another day."""
    year, month, day = 0, 0, 0
    if found := _ISO.match(text):
        year, month, day = map(int, found.groups())
    elif found := _USUAL.match(text):
        day, month, year = map(int, found.groups())
        year += 2000 if len(found[3]) == 2 else 0
        day, month = (month, day) if month_first and "/" in found[0] else (day, month)
    rest = _AFTER.fullmatch(text, found.end()) if found else None
    try:
        if rest is not None:
            return date(year, month, day), rest
        raise ValueError("not alone")
    except ValueError as exc:
        raise InvalidInput(f"{field}: {text[:_LONGEST]!r} is no date; write it as 02.03.2026 or 2026-03-02") from exc


def days_of(text: str, *, field: str, month_first: bool = False) -> tuple[date, date]:
    """The first and the last day: `02.03.2026`, `03.2026`, `2026-03`, `март 2026`, `01.03.2026-31.03.2026`."""
    if found := _MONTH.fullmatch(text):
        year, month = (found[1], found[2]) if found[1] else (found[4], found[3])
        return _whole_month(int(year), int(month), text, field)
    if (found := _NAMED_MONTH.fullmatch(text)) and (number := _month_named(found[1])):
        return _whole_month(int(found[2]), number, text, field)
    first, last = found.groups() if (found := _BETWEEN.fullmatch(text)) else (text, text)
    return tuple(day_of(one, field=field, month_first=month_first) for one in (first, last))  # type: ignore[return-value]


def _month_named(word: str) -> int:
    found = (number for number, names in enumerate(_MONTHS, 1) if re.fullmatch(names, word.casefold()))
    return next(found, 0)


def _whole_month(year: int, month: int, text: str, field: str) -> tuple[date, date]:
    first = day_of(f"{year:04}-{month}-1", field=field) if 1 <= month <= 12 else None
    if first is None or year > 9000:
        raise InvalidInput(f"{field}: {text[:_LONGEST]!r} is no month; write it as 03.2026 or 2026-03")
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def moment_of(text: str, *, field: str, zone: str, month_first: bool = False) -> datetime:
    """In UTC: a time without an offset is one of the zone, a day alone is over in UTC, as days of reports are.

    So whatever led to it on that day lies before it.

    Raises:
        InvalidInput: it is none.
    """
    day, rest = _day_and_rest(text, field, month_first)
    if rest[1] is None:
        return datetime.combine(day, _LAST, UTC)
    try:
        at = time(_hour(int(rest[1]), rest[4]), int(rest[2]), int(rest[3] or 0))
        if rest[5]:
            return datetime.fromisoformat(f"{day}T{at}{rest[5].replace('Z', '+00:00')}").astimezone(UTC)
        return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(f"{field}: {text[:_LONGEST]!r} has no such time; write it as 02.03.2026 14:05") from exc


def _hour(hour: int, half: str | None) -> int:
    """Of 24. Raises ValueError for the hour 14 PM."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(half)
    return hour % 12 + (12 if half.casefold() == "pm" else 0)
