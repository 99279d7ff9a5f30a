"""Where a letter to a client goes: a letterbox as an address of the hub, and its lines as they are printed. Pure.

A letterbox is one, however it is written: case and points count for nothing, so that two who live together are seen
to. What a client says about letters is kept under a name of his own (`post:cl_1`): it holds wherever he moves to.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

KIND = "post"
PARTS = ("contact", "street", "city", "region", "country", "postcode")
"""Of what is kept of a letterbox beside its name, a line each; the house is in the street's."""
_ORDER = ("postal", "delivery", "legal")
"""Of several addresses on a card the first of the first kind counts."""
_LONGEST = 160
"""Characters of the name of a letterbox; a longer one ends with a digest."""
_CLIENT = re.compile(r"post:cl_[A-Za-z0-9_]{1,60}")
_WORD = re.compile(r"[^\W_]+")
_CALLED = frozenset(("ул", "улица", "д", "дом", "г", "город"))
"""Says nothing. What a number is of does: house 1, flat 2 is not house 1, building 2."""
_SHORT = {"квартира": "кв", "корпус": "корп", "к": "корп", "строение": "стр", "офис": "оф", "помещение": "пом"}
_RUSSIAN = re.compile(r"[0-9]{6}")


def is_letterbox(address: str) -> bool:
    """Of the addresses of this kind; the others are names of clients."""
    return address.startswith(f"{KIND}:") and "/" in address


def is_word_of(address: str) -> bool:
    """The name under which it is kept what a client says about letters."""
    return _CLIENT.fullmatch(address) is not None


def client_in(address: str) -> str:
    """Whose name it is."""
    return address.partition(":")[2]


def name_of(client_id: str) -> str:
    return f"{KIND}:{client_id}"


def letterbox_of(postal: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Address and lines of the one of a card that a letter goes to; none where none is whole."""
    whole = [one for one in postal if _is_whole(one)]
    if not whole:
        return None
    chosen = min(whole, key=lambda one: _ORDER.index(kind) if (kind := one.get("kind")) in _ORDER else 0)
    return _named(chosen), "\n".join(_lines(chosen))


def _is_whole(postal: Mapping[str, Any]) -> bool:
    """With what no post can do without; a Russian postcode has six digits."""
    code = str(postal.get("postcode") or "").strip()
    at_home = (postal.get("country") or "RU") == "RU"
    there = bool(_RUSSIAN.fullmatch(code)) if at_home else bool(code)
    place = postal.get("city") or postal.get("region")
    return bool(there and place and (postal.get("street") or postal.get("house")))


def _named(postal: Mapping[str, Any]) -> str:
    street = _words(postal, "street")
    if (
        sum(word[0].isdigit() for word in street) < 2
    ):  # else house and flat are among them, and their order says which
        street = sorted(street)
    parts = [
        [str(postal.get("country") or "RU").lower()],
        _words(postal, "postcode"),
        _words(postal, "city") or _words(postal, "region"),
        street,
        _words(postal, "house"),
    ]
    name = "/".join(" ".join(part) for part in parts)
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 17]}/{blake2b(name.encode(), digest_size=8).hexdigest()}"
    return f"{KIND}:{name}"


def _words(postal: Mapping[str, Any], part: str) -> list[str]:
    found = _WORD.findall(str(postal.get(part) or "").lower().replace("ё", "е"))
    return [_SHORT.get(word, word) for word in found if word not in _CALLED]


def _lines(postal: Mapping[str, Any]) -> list[str]:
    said = {part: " ".join(str(postal.get(part) or "").split()) for part in (*PARTS, "house")}
    said["street"] = ", ".join(filter(None, (said["street"], said["house"])))
    return [said[part] for part in PARTS]


def parts_of(raw: str) -> dict[str, str]:
    """What `letterbox_of` wrote down, by `PARTS`."""
    lines = raw.split("\n")
    return dict(zip(PARTS, [*lines, *[""] * len(PARTS)], strict=False))


def printed(name: str, parts: Mapping[str, str]) -> Sequence[str]:
    """As the post reads it: whom to, street and house, place, region, country, and the postcode last."""
    contact = parts["contact"] if parts["contact"] != name else ""
    country = "" if parts["country"] in ("", "RU") else parts["country"]
    region = parts["region"] if parts["region"] != parts["city"] else ""
    return [
        line for line in (name, contact, parts["street"], parts["city"], region, country, parts["postcode"]) if line
    ]
