"""Reads rows of a file with people: any delimiter and charset, columns by their names; rubbish is told, row by row.

Runs in a process apart (`hub.kit.apart`). Pure.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import orjson

from hub.kit.domains import mail_name
from hub.kit.phones import phone

READ = "services.campaigns.lists.reading:read"
HEAD = "services.campaigns.lists.reading:head"
COLUMNS, CELL = 100, 1_000
"""Columns of a file, and characters that are kept of a cell."""
_CHARSETS = ("utf-8-sig", "cp1251")
_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,253}")
_IN_BRACKETS = re.compile(r"<([^<>]+)>")
_EMAIL = {"email", "e-mail", "mail", "почта", "эл. почта", "электронная почта", "адрес"}
_PHONE = {"phone", "telephone", "tel", "mobile", "телефон", "тел", "мобильный", "моб. телефон"}
_ADDRESS = {"address", "адрес для связи"}
_NAME = {"name", "full name", "имя и фамилия", "фио", "клиент", "имя"}
_WORD = re.compile(r"[^\w]+")


def head(content: bytes) -> dict[str, Any]:
    """Of the beginning of a file: charset, delimiter, and its columns as they will be called.

    Raises ValueError, in words, for what is no file with people.
    """
    charset = next((one for one in _CHARSETS if _reads(content, one)), "latin-1")
    text = content.decode(charset, "replace")
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t|", key=first.count)
    names = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    if len(names) > COLUMNS:
        raise ValueError(f"it has {len(names)} columns, over the limit of {COLUMNS}")
    if not any(name in _EMAIL | _PHONE | _ADDRESS for name in names):
        raise ValueError("its first line names no column email or phone (or почта, телефон)")
    return {"charset": charset, "delimiter": delimiter, "columns": names}


def _reads(content: bytes, charset: str) -> bool:
    try:
        content[: content.rfind(b"\n") + 1 or None].decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def read(content: bytes, about: dict[str, Any], line: int, region: str) -> dict[str, Any]:
    """Whole lines of a file: `rows` as lines of JSON, how many, and `rejected` as [line, words]."""
    csv.field_size_limit(1 << 20)
    text = content.decode(about["charset"], "replace").replace("\x00", "")
    good: list[bytes] = []
    rejected: list[tuple[int, str]] = []
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=about["delimiter"]), line):
        if not any(cell.strip() for cell in cells):
            continue
        addresses, data = _row(about["columns"], cells, region)
        if addresses:
            good += [orjson.dumps({"a": address, "d": data}) for address in addresses]
        else:
            rejected.append((number, _why(cells)))
    return {"rows": b"\n".join(good), "count": len(good), "rejected": rejected}


def _row(columns: Sequence[str], cells: Sequence[str], region: str) -> tuple[list[str], dict[str, str]]:
    addresses: dict[str, None] = {}
    data: dict[str, str] = {}
    for name, cell in zip(columns, cells, strict=False):
        value = cell.strip()[:CELL]
        if name in _EMAIL | _PHONE | _ADDRESS:
            addresses.update(dict.fromkeys(filter(None, [address_of(value, region)])))
        elif value:
            data["name" if name in _NAME else _named(name)] = value
    return list(addresses), data


def _named(column: str) -> str:
    """As a template can name it: `data.город_доставки`."""
    return _WORD.sub("_", column).strip("_") or "column"


def address_of(text: str, region: str) -> str:
    """`email:…` or `phone:+…`; empty where it is none."""
    bare = text.removeprefix("mailto:")
    if found := _IN_BRACKETS.search(bare):
        bare = found[1]
    if _MAIL.fullmatch(bare):
        return mail_name(bare)
    return "" if "@" in bare else phone(bare.removeprefix("phone:"), region)


def _why(cells: Sequence[str]) -> str:
    return f"no address that can be reached: {' | '.join(cells)[:120]}"
