"""Names of IMAP folders: modified UTF-7 (RFC 3501, 5.1.3)."""

import re
from base64 import b64decode, b64encode


def encoded(name: str) -> str:
    """`Отправленные` as `&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-`."""
    return re.sub(r"[^\x20-\x7e]+|&", lambda found: _shifted(found[0]), name)


def decoded(name: str) -> str:
    """The folder's name as LIST gives it, quoted or not; what is not valid stays as it is."""
    bare = re.sub(r"\\(.)", r"\1", name[1:-1]) if name[:1] == '"' and name[-1:] == '"' else name
    try:
        return re.sub(r"&([^-]*)-", lambda found: _unshifted(found[1]), bare)
    except ValueError:
        return bare


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    body = b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    return f"&{body}-"


def _unshifted(body: str) -> str:
    if not body:
        return "&"
    padded = body.replace(",", "/") + "=" * (-len(body) % 4)
    return b64decode(padded).decode("utf-16-be")
