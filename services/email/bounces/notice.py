"""The part of a failure notice that is written for a person: where it begins, where the original begins in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.kit import html_text
from services.email.bounces.original import ENCLOSED
from services.email.mime.model import Mail, Part

_LIMIT = 200_000
_LINES = 4000

# What stands above the original. Rules of dashes around it are dropped before the match.
_MARK = re.compile(
    r"(?i)^\W{0,80}(?:"
    r"(?:below this line is a|this is a|here is a|a) copy of (?:the|your)(?: original)? (?:message|mail|e-?mail"
    r"|letter)"
    r"|(?:the )?(?:original|returned|undelivered|unsent|bounced|failed|rejected) (?:mail|message|e-?mail)(?: text"
    r"| headers?| as follows| body| content)?"
    r"(?: (?:follows|is (?:as )?follows?|below|attached|is included|begins?(?: here)?|starts?(?: here)?|was"
    r"|appended))?"
    r"|(?:(?:text|headers?|start|beginning|contents?|body|first \d+ \w+) of )+(?:the |your )?(?:original "
    r"|undelivered |returned |failed )?(?:message|mail|e-?mail)"
    r"(?: is following| follows?| (?:is|are) .{0,30})?"
    r"|message (?:headers?|text|header follows|contents?|follows)(?: follows?)?"
    r"|the header of the original message is following"
    r"|included is a copy of the message header|your (?:original )?(?:message|mail) (?:follows|is below"
    r"|reads.{0,30}|begins)|unsent message (?:follows|below)|message from yahoo.{0,20}"
    r"|original message details|message text follows|(?:the )?(?:original )?message headers?(?: follow)?"
    r"|(?:the )?body of your message|"
    r"received message (?:headers?|follows)|header of the .{0,20}message|the message headers"
    r"|transcript of (?:the )?message"
    r"|en-t[eê]tes? d[eu].{0,12}message.{0,20}|urspr[uü]ngliche nachrichtenkopfzeilen"
    r"|intestazioni originali.{0,20}|encabezados.{0,20}mensaje.{0,20}|cabe[cç]alhos.{0,30}"
    r"|заголовки (?:исходного|оригинального|письма).{0,30}|исходн\w+ (?:сообщение|письмо)|текст (?:исходного"
    r"|вашего) \w+|оригинал\w* (?:сообщени|письм)\w*"
    r"|message d'origine|nachrichtentext|urspr[uü]ngliche nachricht|original-?nachricht"
    r"|元のメッセージ.{0,20}|原始邮件.{0,10}"
    r")\W{0,80}$"
)
_HEADER = re.compile(r"^[ \t>|*]{0,12}([A-Za-z][\w-]{1,40})[ \t]{0,4}:(?:[ \t]|$)")
_START = frozenset(
    {"received", "return-path", "mime-version", "dkim-signature", "delivered-to", "x-mailer", "arc-seal"}
)
_COMMON = _START | {
    "from", "to", "cc", "date", "subject", "message-id", "sender", "reply-to", "sent", "in-reply-to", "references",
    "content-type", "organization", "content-transfer-encoding", "importance", "x-priority", "user-agent", "message",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """`lines` is what the server tells; `quoted` is the original as far as it is shown in the text."""

    lines: tuple[str, ...]
    quoted: str = ""

    @property
    def text(self) -> str:
        """The server's words."""
        return "\n".join(self.lines)


def notice_of(mail: Mail) -> Notice:
    """The text before the original, and the original's."""
    lines = "\n".join(_bodies(mail))[:_LIMIT].split("\n")[:_LINES]
    lines = [line[:2000].rstrip() for line in lines]
    at = _original_at(lines)
    told, quoted = lines[:at], lines[at:]
    kept, shown = _without_headers(told)
    return Notice(tuple(kept), "\n".join([*shown, *quoted]))


def _bodies(mail: Mail) -> Iterator[str]:
    """The texts above the enclosed original; the plain ones where there are any."""
    before = list(_before_original(mail))
    plain = [part.text or "" for part in before if part.content_type == "text/plain" or _is_other_text(part)]
    if any(text.strip() for text in plain):
        yield from plain
        return
    yield from (html_text.to_text(part.text or "") for part in before if part.content_type == "text/html")


def _is_other_text(part: Part) -> bool:
    return part.content_type.startswith("text/") and part.content_type not in ("text/html", "text/calendar")


def _before_original(mail: Mail) -> Iterator[Part]:
    for part in mail.parts:
        if part.content_type in ENCLOSED:
            return
        yield part


def _original_at(lines: list[str]) -> int:
    """The line with which the original begins: below a mark, or where a block of its headers begins."""
    for number, line in enumerate(lines):
        if number and _MARK.match(line) and _is_original(lines, number + 1):
            return number
        if _header_name(line) in _START and sum(_is_header(one) for one in lines[number : number + 8]) >= 3:
            return _block_start(lines, number)
    return len(lines)


def _is_original(lines: list[str], start: int) -> bool:
    """A mark counts if headers follow soon, or if something was told above it."""
    following = [line for line in lines[start : start + 6] if line.strip()][:3]
    return any(_is_header(line) for line in following) or sum(bool(line.strip()) for line in lines[:start]) > 4


def _block_start(lines: list[str], number: int) -> int:
    while number and _is_header(lines[number - 1]):
        number -= 1
    return number


def _header_name(line: str) -> str:
    found = _HEADER.match(line)
    return found[1].lower() if found else ""


def _is_header(line: str) -> bool:
    name = _header_name(line)
    return name in _COMMON or name.startswith("x-")


def _without_headers(lines: list[str]) -> tuple[list[str], list[str]]:
    """(told, shown): some servers quote a few headers of the original in the middle of what they tell."""
    told: list[str] = []
    shown: list[str] = []
    block: list[str] = []
    for line in [*lines, ""]:
        if _is_header(line) or (block and line[:1] in " \t" and line.strip() and not _is_told(line)):
            block.append(line)
            continue
        many = sum(_is_header(one) for one in block) >= 2
        (shown if many else told).extend(block)
        if many:
            told.append("")
        block = []
        told.append(line)
    return told[:-1], shown


def _is_told(line: str) -> bool:
    return "@" in line and ":" not in line.partition("@")[0]
