"""Records as the embedded log stores them: many in one blob, so that a transaction writes few rows."""

import struct
from collections.abc import Iterator
from functools import lru_cache

from hub.contracts.base import Headers

_RECORD = struct.Struct(">IiiH")
"""Bytes that follow, length of the key (-1: none) and of the value (-1: none), number of headers."""
_HEADER = struct.Struct(">HI")
"""Length of the name and of the value."""

Parts = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers."""


def pack(record: Parts) -> bytes:
    """One record; records follow each other without a separator."""
    key, value, headers = record
    parts: list[bytes] = [key or b"", value or b""]
    for name, text in headers:
        raw_name = _raw_name(name)
        parts += (_HEADER.pack(len(raw_name), len(text)), raw_name, text)
    body = b"".join(parts)
    key_size = -1 if key is None else len(key)
    value_size = -1 if value is None else len(value)
    return _RECORD.pack(len(body), key_size, value_size, len(headers)) + body


def unpack(blob: bytes, *, skip: int = 0, limit: int) -> Iterator[Parts]:
    """Up to `limit` records of a blob, without its first `skip`."""
    at = 0
    while at < len(blob) and limit > 0:
        size, key_size, value_size, headers = _RECORD.unpack_from(blob, at)
        at += _RECORD.size
        if skip > 0:
            skip -= 1
        else:
            limit -= 1
            yield _parts(blob, at, key_size, value_size, headers)
        at += size


def size_of(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Bytes of a record that count against the limits: key, value, names and values of headers."""
    return len(key or b"") + len(value or b"") + sum(len(name) + len(text) for name, text in headers)


def _parts(blob: bytes, at: int, key_size: int, value_size: int, count: int) -> Parts:
    value_at = at + max(key_size, 0)
    key = None if key_size < 0 else blob[at:value_at]
    at = value_at + max(value_size, 0)
    value = None if value_size < 0 else blob[value_at:at]
    headers = []
    for _ in range(count):
        name_size, text_size = _HEADER.unpack_from(blob, at)
        text_at = at + _HEADER.size + name_size
        at = text_at + text_size
        headers.append((_name(blob[text_at - name_size : text_at]), blob[text_at:at]))
    return key, value, headers


@lru_cache(maxsize=1024)
def _raw_name(name: str) -> bytes:
    return name.encode()


@lru_cache(maxsize=1024)
def _name(raw: bytes) -> str:
    return raw.decode()
