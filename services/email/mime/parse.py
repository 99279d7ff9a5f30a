"""Any bytes to a `Mail`, without ever failing."""

import mimetypes
import re
from collections.abc import Iterable
from datetime import datetime
from html import escape

from hub.kit import html_text
from services.email.mime import addresses, charset, dates, flowed, invitations, params, tnef, uuencode, words
from services.email.mime.body import Selection, select
from services.email.mime.headers import Headers
from services.email.mime.identity import identifiers, normalise_message_id
from services.email.mime.model import Address, Charset, Mail, Part
from services.email.mime.tree import Node, Reader

READABLE = 2 * 2**20
"""Characters of HTML that are made into text, at most."""
DECODED = 8 * 2**20
"""Bytes of a text that are decoded, at most; the part's content is whole."""
_PAGE_HEAD = 4096
_META_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})|<\?xml\b[^>]{0,100}?encoding=["']([\w.:-]{2,40})""",
    re.I,
)
_UNSAFE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def parse(raw: bytes) -> Mail:
    """The mail in `raw`. What is broken is read as well as it can be and noted in `problems`; nothing is lost:
    what cannot be understood becomes text or an attachment.
    """
    raw = _sound(raw)
    reader = Reader()
    root = reader.read(raw)
    body = _Body(select(root), reader.problems)
    headers = root.headers
    return Mail(
        message_id=normalise_message_id(headers.filled(b"message-id") or b""),
        in_reply_to=identifiers(headers.get(b"in-reply-to")),
        references=identifiers(headers.get(b"references")),
        subject=_subject(headers),
        date=_date(headers),
        from_=_first(headers.get(b"from")),
        sender=_first(headers.get(b"sender")),
        reply_to=addresses.parse(headers.get(b"reply-to")),
        to=addresses.parse(headers.get(b"to")),
        cc=addresses.parse(headers.get(b"cc")),
        bcc=addresses.parse(headers.get(b"bcc")),
        text=body.text,
        html=body.html,
        attachments=tuple(body.attachments),
        parts=tuple(body.parts),
        charset=body.charset,
        content_type=root.content_type,
        params=root.params,
        headers=headers,
        raw=raw,
        body_at=root.body_at,
        problems=tuple(reader.problems),
        signature=reader.signature,
    )


def _sound(raw: bytes) -> bytes:
    """Without what precedes the first header, and with line feeds where a mail has none."""
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
    elif raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    if raw[:1] in b"\r\n":
        raw = raw.lstrip(b"\r\n")
    return raw


def _subject(headers: Headers) -> str:
    return next((text for value in headers.get(b"subject") if (text := words.decode(value))), "")


def _date(headers: Headers) -> datetime | None:
    for value in headers.get(b"date"):
        if found := dates.parse(value[:300].decode("latin-1")):
            return found
    return None


def _first(values: list[bytes]) -> Address | None:
    found = addresses.parse(values) if values else ()
    return next((address for address in found if address.address), found[0] if found else None)


class _Body:
    """Texts and attachments made from the tree, in order."""

    def __init__(self, chosen: Selection, problems: list[str]) -> None:
        self.parts: list[Part] = []
        self.attachments: list[Part] = []
        self.charset = Charset(None, None)
        self._problems = problems
        self._texts: dict[int, Part] = {}
        self._packed_text = self._packed_html = ""
        bodies = {id(node) for node in (*chosen.text, *chosen.html)}
        for node, related in chosen.leaves:
            self._leaf(node, related=related, body=id(node) in bodies)
        self.html = self._html(chosen)
        self.text = self._text(chosen)
        self._main_charset(chosen)

    def _leaf(self, node: Node, *, related: bool, body: bool) -> None:
        part = _part(node, related=related)
        if body:
            part, enclosed = _without_files(part)
            self._texts[id(node)] = part
            self.parts += [part, *enclosed]
            self.attachments += enclosed
            return
        unpacked = self._unpacked(part)
        self.parts += unpacked
        self.attachments += unpacked

    def _unpacked(self, part: Part) -> list[Part]:
        found = tnef.unpack(part.content) if part.content.startswith(tnef.SIGNATURE) else None
        if found is None:
            return [part]
        self._packed_text, self._packed_html = found.text, found.html
        if not found.whole:
            self._problems.append("winmail.dat is damaged; kept beside what could be read")
        files = [_packed_file(file) for file in found.files]
        return files if found.whole and (files or found.text or found.html) else [part, *files]

    def _text(self, chosen: Selection) -> str:
        text = _joined([self._plain(self._texts[id(node)]) for node in chosen.text])
        if text.strip():
            return text
        if self.html is not None:
            return self._readable(self.html)
        return self._packed_text.replace("\r\n", "\n") or self._invitation() or text

    def _invitation(self) -> str:
        return next((invitations.told(part.content) for part in self.parts if _is_calendar(part)), "")

    def _plain(self, part: Part) -> str:
        text = part.text or ""
        return self._readable(text) if part.content_type == "text/html" else text

    def _readable(self, html: str) -> str:
        if len(html) > READABLE:
            size = f"HTML of {len(html) // 1024} kB"
            self._problems.append(f"{size}, of which the first {READABLE // 1024} kB are read")
        return html_text.to_text(html[:READABLE])

    def _html(self, chosen: Selection) -> str | None:
        pages = [self._texts[id(node)] for node in chosen.html]
        if not any(page.content_type == "text/html" for page in pages):
            return self._packed_html or None
        return "\n".join(
            page.text or "" if page.content_type == "text/html" else f"<pre>{escape(page.text or '')}</pre>"
            for page in pages
        )

    def _main_charset(self, chosen: Selection) -> None:
        for node in (*chosen.text, *chosen.html):
            self.charset = self._texts[id(node)].charset
            if self._texts[id(node)].content.strip():
                return


def _is_calendar(part: Part) -> bool:
    return part.content_type in invitations.TYPES


def _packed_file(file: tnef.Packed) -> Part:
    name = params.clean_filename(file.name)
    kind = file.content_type.lower() if "/" in file.content_type else ""
    kind = kind or mimetypes.guess_type(name or "")[0] or "application/octet-stream"
    return Part(kind, file.content, name, inline=bool(file.content_id), content_id=file.content_id or None)


def _joined(texts: Iterable[str]) -> str:
    out = ""
    pieces = [text for text in texts if text]
    if len(pieces) == 1:
        return pieces[0]
    out = "\n".join(piece.removesuffix("\n") for piece in pieces)
    return out + "\n" if pieces and pieces[-1].endswith("\n") else out


def _part(node: Node, *, related: bool) -> Part:
    headers = node.headers
    content_ids = headers.get(b"content-id")
    text, used = _read_text(node)
    inline = node.disposition == "inline" or (
        node.disposition != "attachment" and content_ids and (related or node.content_type[:6] == "image/")
    )
    return Part(
        content_type=node.content_type,
        content=node.content,
        filename=node.name or _made_name(node),
        inline=bool(inline),
        content_id=normalise_message_id(content_ids[0]) if content_ids else None,
        disposition=node.disposition,
        params=node.params,
        headers=headers,
        text=text,
        charset=used,
    )


def _read_text(node: Node) -> tuple[str | None, Charset]:
    if not node.content_type.startswith("text/"):
        return None, Charset(None, None)
    declared = node.params.get("charset") or _in_page(node)
    label = declared.partition("(")[0].strip(" \"'") if declared else None
    text, used = charset.decode(_head(node.content), label)
    return _clean(text, node), Charset(label or None, used)


def _in_page(node: Node) -> str | None:
    """The charset that a page names itself, where its part says nothing (WHATWG HTML, 13.2.3.2)."""
    if node.content_type not in ("text/html", "application/xhtml+xml"):
        return None
    found = _META_CHARSET.search(node.content[:_PAGE_HEAD])
    return (found[1] or found[2]).decode("ascii", "ignore") if found else None


def _head(content: bytes) -> bytes:
    """Whole lines, as many as are worth decoding."""
    if len(content) <= DECODED:
        return content
    return content[: content.rfind(b"\n", 0, DECODED) + 1 or DECODED]


def _clean(text: str, node: Node) -> str:
    if "\r" in text:
        text = text.replace("\r\r\n", "\r\n")  # Some gateways add the one that is there already.
        text = "\n".join(text.split("\r\n"))  # Faster than replacing.
        text = text.replace("\r", "\n") if "\r" in text else text
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "format" in node.params and node.params["format"].lower() == "flowed" and node.content_type == "text/plain":
        return flowed.unflow(text, delsp=node.params.get("delsp", "").lower() == "yes")
    return text


def _made_name(node: Node) -> str | None:
    """A mail attached without a name is called after its subject, a calendar after what it is for."""
    if node.content_type in invitations.TYPES:
        return "invite.ics"
    if node.content_type not in ("message/rfc822", "message/global"):
        return None
    found = re.search(rb"^subject:([^\n]*(?:\n[ \t][^\n]*)*)", node.content[:20_000], re.I | re.M)
    subject = _UNSAFE_NAME.sub(" ", words.decode(found[1])) if found else ""
    return f"{' '.join(subject.split())[:80].strip(' .') or 'message'}.eml"


def _without_files(part: Part) -> tuple[Part, list[Part]]:
    """The text and the files that stood in it as uuencode."""
    found = uuencode.find_all(part.content) if part.content_type == "text/plain" else []
    if not found:
        return part, []
    kept, at = [], 0
    for file in found:
        kept.append(part.content[at : file.start])
        at = file.end
    content = b"".join([*kept, part.content[at:]])
    node = Node(part.content_type, part.params, part.headers, content=content)
    text, used = _read_text(node)
    left = Part(
        part.content_type, content, part.filename, part.inline, part.content_id, part.disposition,
        part.params, part.headers, text, used,
    )  # fmt: skip
    files = [
        Part("application/octet-stream", file.content, params.clean_filename(words.text(file.name))) for file in found
    ]
    return left, files
