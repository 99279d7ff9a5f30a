"""`omnihub inspect email`: what the hub reads in a mail, one line of JSON for each."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

import orjson

from hub.kit import safe_html
from services.email.bounces.classify import auto_of, bounce_of
from services.email.mime import authentication, mbox
from services.email.mime.identity import interaction_id
from services.email.mime.model import Address, Mail
from services.email.mime.parse import parse
from services.email.quotes.split import split
from services.email.threads import begins
from services.email.threads import threads as threads_of

Row = dict[str, Any]


def inspect(paths: Iterable[str | Path], out: TextIO, threads: bool = False) -> int:
    """Prints every mail under `paths` (files, folders, mbox; sorted) to `out`. With `threads`, each line also names
    its `parent` and its `chain`. Returns 1 if some file could not be read, else 0.
    """
    failed = False
    kept: list[tuple[Row, Mail]] = []
    for name, found in _mails(paths):
        failed |= isinstance(found, OSError)
        mail = parse(b"" if isinstance(found, OSError) else found)
        row = _unread(name, found) if isinstance(found, OSError) else describe(name, mail)
        if threads:
            kept.append((row, replace(mail, raw=b"", text="", html=None, parts=(), attachments=())))
        else:
            out.write(_line(row))
    for row in _threaded(kept):
        out.write(_line(row))
    return 1 if failed else 0


def describe(name: str, mail: Mail) -> Row:
    """The stable interface: the keys of one line."""
    shown = split(mail.text, mail.html, first=begins(mail))
    bounce = bounce_of(mail)
    checked = authentication.of(mail.header_all("Authentication-Results"))
    return {
        "file": name,
        "error": None,
        "message_id": mail.message_id or None,
        "in_reply_to": mail.in_reply_to[0] if mail.in_reply_to else None,
        "references": list(mail.references),
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "from": _address(mail.from_) if mail.from_ else None,
        "reply_to": [_address(one) for one in mail.reply_to],
        "to": [_address(one) for one in mail.to],
        "cc": [_address(one) for one in mail.cc],
        "text": mail.text,
        "new_text": shown.new_text,
        "quoted_text": shown.quoted_text,
        "signature": shown.signature,
        "html": None if mail.html is None else _shown(mail.html),
        "attachments": [
            {
                "filename": part.filename,
                "content_type": part.content_type,
                "size": part.size,
                "sha256": sha256(part.content).hexdigest(),
                "inline": part.inline,
            }
            for part in mail.attachments
        ],
        "charset": mail.charset._asdict(),
        "auto": auto_of(mail),
        "bounce": asdict(bounce) if bounce else None,
        "authentication": checked._asdict() if checked else None,
        "id": interaction_id(mail),
    }


def _shown(html: str) -> str:
    return safe_html.with_images(safe_html.sanitise(html).html, {}, remote=False)


def _address(found: Address) -> dict[str, str]:
    return found._asdict()


def _unread(name: str, error: OSError) -> Row:
    return describe(name, parse(b"")) | {"error": error.strerror or type(error).__name__, "id": None}


def _mails(paths: Iterable[str | Path]) -> Iterator[tuple[str, bytes | OSError]]:
    for path in _files(paths):
        try:
            raw = path.read_bytes()
        except OSError as error:
            yield str(path), error
            continue
        single = True
        for number, one in enumerate(mbox.split(raw), 1):
            single = single and len(one) == len(raw)
            yield (str(path) if single else f"{path}:{number}"), one


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in sorted(map(Path, paths)):
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        else:
            yield path


def _threaded(kept: Sequence[tuple[Row, Mail]]) -> Iterator[Row]:
    """Each row once, with `parent` (a file or None) and `chain` (a number from 1)."""
    places = threads_of([mail for _, mail in kept])
    for (row, _), (parent, chain) in zip(kept, places, strict=True):
        yield row | {"parent": None if parent is None else kept[parent][0]["file"], "chain": chain}


def _line(row: Row) -> str:
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode()
    except orjson.JSONEncodeError:  # A file name that is no UTF-8.
        return json.dumps(row) + "\n"
