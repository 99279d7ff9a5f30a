"""Headers of the parts of a mail that have foreign words in them, written by us alone.

The standard library reads what it is given before it writes it: an encoded word in a file name becomes what it says,
line breaks and all. What is set here goes out as it is.
"""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9 ._()+,@&-]{1,60}")
_LONGEST = 60
_UTF8 = "utf-8''"
_PIECE = 6
"""Characters of a file name on one line, of up to twelve each."""


def disposed(part: EmailMessage, kind: str, filename: str) -> None:
    """Gives a part its Content-Disposition (RFC 2183): a name that is not plain ASCII by RFC 2231."""
    del part["Content-Disposition"]
    part.set_raw("Content-Disposition", ";\r\n ".join([kind, *_named(filename)]))


def identified(part: EmailMessage, content_id: str) -> None:
    """Gives a part the id that HTML names it by: printable ASCII without angle brackets."""
    del part["Content-ID"]
    part.set_raw("Content-ID", f"<{content_id}>")


def _named(filename: str) -> Iterator[str]:
    if _PLAIN.fullmatch(filename):
        yield f'filename="{filename}"'
        return
    whole = quote(filename, safe="")
    if len(whole) <= _LONGEST:
        yield f"filename*=utf-8''{whole}"
        return
    for number, start in enumerate(range(0, len(filename), _PIECE)):
        piece = quote(filename[start : start + _PIECE], safe="")
        yield f"filename*{number}*={'' if number else _UTF8}{piece}"
