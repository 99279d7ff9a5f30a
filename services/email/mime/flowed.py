"""`format=flowed` text (RFC 3676) with its paragraphs put together again."""

import re

_QUOTES = re.compile(r">*")
_STUFFING = re.compile(r"^ ", re.M)


def unflow(text: str, *, delsp: bool) -> str:
    """Soft-broken lines joined; quote marks stay, one "> " run per paragraph. `delsp` drops the trailing blank."""
    if text.count(" \n") == text.count("\n-- \n"):
        return _STUFFING.sub("", text) if "\n " in text or text[:1] == " " else text
    out: list[str] = []
    held: list[str] = []
    depth = 0
    for line in text.split("\n"):
        line = line.removesuffix("\r")
        marks = _QUOTES.match(line)
        here = marks.end() if marks else 0
        body = line[here:].removeprefix(" ")
        if held and (here != depth or body == "-- "):
            out.append(_line(depth, held))
            held = []
        depth = here
        if body.endswith(" ") and body != "-- ":
            held.append(body[:-1] if delsp else body)
            continue
        out.append(_line(depth, [*held, body]))
        held = []
    if held:
        out.append(_line(depth, held))
    return "\n".join(out)


def _line(depth: int, parts: list[str]) -> str:
    body = "".join(parts)
    return f"{'>' * depth} {body}" if depth else body
