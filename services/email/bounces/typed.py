"""The address in what mail servers put around one: types (RFC 3464, 2.3.1), X.400 attributes, routes, comments."""

import re

_TYPE = re.compile(
    r"^[\s<\"'\[]{0,8}(?:rfc-?822|smtp|e?smtp-addr|local|x-[\w-]{1,30}|unknown|utf-?8|internet|inet|mailto|addr|"
    r"email|x\.?400|rcpt ?to)\s{0,4}(?:[;:=]|\s(?=\S{1,200}@))[\s\"']{0,4}",
    re.I,
)
_ANY_TYPE = re.compile(r"^\s{0,4}[\w.+/ -]{1,40}?\s{0,4};\s{0,4}")
_X400 = re.compile(r"(?i)(?:DDA[.:])?\(?(?:RFC-?822|SMTP)\)?[=:]([^/;,\s]{1,200}\((?:a|at)\)[^/;,\s]{1,200})")
_X400_MARKS = {"(a)": "@", "(at)": "@", "(p)": "%", "(u)": "_", "(q)": '"', "(b)": "!", "(c)": ":"}
_CAPSULE = re.compile(r"(?i)^IMCEA(?:SMTP|INTERNET|RFC822)?-([^@]{1,300})@")
_HEX = re.compile(r"[+=]([0-9A-Fa-f]{2})")
_XTEXT = re.compile(r"\+(2B|3D|40)")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_COMMENT = re.compile(r"(?<=[\s>])\([^()]{0,400}\)")
_ROUTE = re.compile(r"^@[\w.,@-]{1,200}:(?=[^@\s]{1,100}@)")
_PERCENT = re.compile(r"^([^%@\s]{1,64})%([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})@[\w.-]{1,255}$")
_PREFIX = re.compile(r"^(?:smtp|rfc-?822|mailto|internet|local|email|rcpt|to)=", re.I)


def address_in(value: str) -> str:
    """`rfc822; <a@b>`, `smtp=a@b`, X.400 and broken forms as a bare address; "" for none."""
    value = _unfolded(value)
    if (x400 := _X400.search(value)) is not None:
        return _of_x400(x400[1])
    value = _untyped(_ESCAPED.sub(_character, value))
    value = _COMMENT.sub("", value) if "@" in _COMMENT.sub("", value) else value
    if bracketed := re.search(r"<([^<>]+)>", value):
        value = _untyped(bracketed[1])
    value = value.strip(" \t\"'<>[]();,`").rstrip(".")
    return bare(value.split()[0].rstrip(";,.")) if "@" in value and value.split() else value


def bare(address: str) -> str:
    """The address without a type's name, a route, or the capsule in which a gateway put it."""
    address = _ROUTE.sub("", _PREFIX.sub("", address))
    capsule = _CAPSULE.match(address)
    if capsule and "@" in (inner := _HEX.sub(lambda found: chr(int(found[1], 16)), capsule[1])):
        return inner
    if through := _PERCENT.match(address):
        return f"{through[1]}@{through[2]}"
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), address)


def _unfolded(value: str) -> str:
    """The first line, and the second where the first ends with the type."""
    first, _, rest = value.partition("\n")
    return f"{first} {rest.partition(chr(10))[0]}" if first.rstrip().endswith(";") else first


def _untyped(value: str) -> str:
    for _ in range(3):
        shorter = _TYPE.sub("", value, count=1)
        if shorter == value:
            break
        value = shorter
    return _ANY_TYPE.sub("", value, count=1)


def _of_x400(value: str) -> str:
    for mark, character in _X400_MARKS.items():
        value = value.replace(mark, character)
    return value


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if int(found[1], 16) < 0x110000 else ""
