"""Delivery status reports (RFC 3464, RFC 6533), also where the structure around their fields is broken."""

import re
from collections.abc import Iterator

from services.email.bounces import codes, reasons
from services.email.bounces.models import Recipient
from services.email.bounces.typed import address_in
from services.email.mime import charset
from services.email.mime.model import Mail

_TYPES = ("message/delivery-status", "message/global-delivery-status", "message/x-delivery-status")
_NAMES = (
    "reporting-mta original-envelope-id received-from-mta arrival-date dsn-gateway final-recipient "
    "original-recipient "
    "action status diagnostic-code remote-mta last-attempt-date final-log-id will-retry-until remote-recipient "
    "localized-description failure-reason expanded-from"
)
_FIELD = re.compile(rf"[ \t>]{{0,4}}({'|'.join(_NAMES.split())}|x-[\w-]{{1,60}})[ \t]{{0,4}}:[ \t]*+(.*)", re.I)
_OF_RECIPIENT = re.compile(r"^[ \t>]{0,4}(?:final|original)-recipient[ \t]{0,4}:", re.I | re.M)
_TYPED = re.compile(r"^\s*+([\w.+/ -]{1,40}?)\s*;\s*+")
_ACTION = re.compile(r"fail|delay|deliver|relay|expand|expire", re.I)
_ACTIONS = {"fail": "failed", "delay": "delayed", "deliver": "delivered", "relay": "relayed", "expand": "expanded"}
_IN_REPLY = re.compile(r"<([^<>\s]{1,200}@[^<>\s]{1,200})>")
_LINES = 20_000
_RECIPIENTS = 2000

Group = dict[str, str]


def recipients_of(mail: Mail, notice: str) -> list[Recipient]:
    """All recipients the report names, whatever became of them; `notice` is the text for the person, in which the
    fields stand where the sender made no part of them.
    """
    found: list[Recipient] = []
    for text in _texts(mail, notice):
        found += [one for group in _groups(text)[:_RECIPIENTS] if (one := _recipient(group))]
        if found:
            break
    return list({one.address.lower(): one for one in reversed(found)}.values())[::-1]


def _texts(mail: Mail, notice: str) -> Iterator[str]:
    parts = [part for part in mail.parts if part.content_type in _TYPES]
    for part in parts:
        yield charset.decode(part.content, part.params.get("charset")).text.replace("\r\n", "\n")
    if _OF_RECIPIENT.search(notice):
        yield notice
    for part in mail.parts:
        kind = part.content_type
        if kind.startswith(("text/", "application/octet", "message/")) and not kind.startswith("message/rfc822"):
            text = charset.decode(part.content[:200_000], None).text.replace("\r\n", "\n")
            if part not in parts and _OF_RECIPIENT.search(text):
                yield text


def _groups(text: str) -> list[Group]:
    """The fields of each recipient. A group begins with a recipient after a blank line, or with the second one."""
    groups: list[Group] = [{}]
    name, fresh = "", True
    for line in text.split("\n")[:_LINES]:
        if not line.strip():
            fresh, name = True, ""
        elif match := _FIELD.match(line):
            name = match[1].lower()
            if _begins(groups[-1], name, fresh=fresh):
                groups.append({})
            fresh = False
            if name not in groups[-1]:
                groups[-1][name] = match[2][:8000]
            else:
                name = ""
        elif name and len(groups[-1][name]) < 8000:
            groups[-1][name] += "\n" + line.strip()[:2000]
    return groups


def _begins(group: Group, name: str, *, fresh: bool) -> bool:
    if name not in ("final-recipient", "original-recipient"):
        return False
    return name in group or (fresh and ("final-recipient" in group or "original-recipient" in group))


def _recipient(group: Group) -> Recipient | None:
    address = _address(group)
    if not address:
        return None
    said = _said(group)
    action = _action(group)
    code = codes.reply_code(said) if action in ("failed", "delayed") else None
    status = codes.chosen(codes.status(group.get("status", "")), codes.status(said))
    action = action or ("delayed" if (status or "")[:1] == "4" else "failed")
    text = " ".join((said or _comment(group.get("status", ""))).split())
    if action not in ("failed", "delayed"):
        return Recipient(address, action, status, code, "delivered", text)
    reason = reasons.decide(said or text, status, code)
    if action == "delayed" and reason == "other":
        reason = "expired"
    return Recipient(address, action, codes.complete(status, code, reason), code, reason, text)


def _address(group: Group) -> str:
    """The address as the sender knew it: what it was rewritten to on the way says nothing to us."""
    found = [address_in(group.get(name, "")) for name in ("original-recipient", "final-recipient")]
    found += [address_in(group.get("x-actual-recipient", ""))]
    found += [_refused(group)]
    return next((one for one in found if "@" in one), next(filter(None, found), ""))


def _refused(group: Group) -> str:
    """Where the fields name nobody, whom the server's reply does."""
    named = _IN_REPLY.search(group.get("diagnostic-code", "")) if "action" in group or "status" in group else None
    return address_in(named[1]) if named else ""


def _action(group: Group) -> str:
    found = _ACTION.search(group.get("action", ""))
    return _ACTIONS.get(found[0].lower(), "failed") if found else ""


def _said(group: Group) -> str:
    for name in ("diagnostic-code", "x-diagnostic-code", "x-supplementary-info", "failure-reason"):
        if value := group.get(name, "").strip():
            return _TYPED.sub("", value, count=1)
    return ""


def _comment(status: str) -> str:
    found = re.search(r"\(([^()]{3,500})\)", status)
    return found[1] if found else ""
