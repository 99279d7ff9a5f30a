"""Rows of an uploaded file of clients: a table, or vCards. It runs in a process of its own."""

from collections.abc import Iterator

from hub.kit.tables import reading
from hub.kit.tables.charsets import SAMPLE, charset_of
from services.interactions.exchange import vcards


def rows(content: bytes, *, charset: str = "", delimiter: str = "") -> Iterator[list[str]]:
    """The header first. Raises `InvalidInput`."""
    if not reading.is_workbook(content):
        charset = charset or charset_of(content[:SAMPLE])
        if "BEGIN:VCARD" in content[:4096].decode(charset, "replace").upper():
            return vcards.rows(content.decode(charset, "replace"))
    return reading.rows(content, charset=charset, delimiter=delimiter)
