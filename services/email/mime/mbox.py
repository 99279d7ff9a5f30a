"""Mails kept one after another in one file (RFC 4155)."""

import re
from collections.abc import Iterator

_FROM_LINE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{0,200}\b\d{4}\b[^\r\n]{0,40}\r?\n")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.M)


def split(raw: bytes) -> Iterator[bytes]:
    """The mails of a mbox in order, `>From ` in their text unquoted; the whole as one mail where it is no mbox."""
    starts = [match.start() for match in _FROM_LINE.finditer(raw)] if raw[:5] == b"From " else []
    if len(starts) < 2 or starts[0] != 0:
        yield raw
        return
    for begin, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        yield _QUOTED_FROM.sub(rb"\1", raw[begin:end])
