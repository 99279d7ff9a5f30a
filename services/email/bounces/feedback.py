"""Complaints: feedback reports (RFC 5965) and the older forms of the large providers."""

import re

from services.email.bounces.models import Recipient
from services.email.bounces.original import Original
from services.email.bounces.typed import address_in
from services.email.mime import charset
from services.email.mime.model import Mail

_FIELD = re.compile(r"(?im)^([\w-]{1,60})[ \t]*+:[ \t]*+(.*)$")
_COMPLAINING = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", "complaint"}
)
_RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", "x-original-rcpt-to")
_RECIPIENT_HEADERS = ("x-hmxmroriginalrecipient", "x-original-to", "x-rcpt-to", "delivered-to")
_OLD_SENDERS = re.compile(
    r"(?i)^(?:staff@hotmail|scomp@aol|feedbackloop@|fbl@|complaints?@|abuse-?report|feedback@arf)"
)
_OLD_SUBJECT = re.compile(
    r"(?i)^complaint about (?:a )?message from |^email feedback report|^\[?abuse (?:report|complaint)"
)


def complaint_of(mail: Mail, original: Original) -> tuple[Recipient, ...] | None:
    """Who complained; None where the mail is no complaint, empty where the reporter hides the address."""
    fields = _fields(mail)
    if fields is None:
        return _recipients({}, original) if _is_old_form(mail, original) else None
    kind = (fields.get("feedback-type") or fields.get("abuse-type") or [""])[0].lower()
    if kind.split(" ")[0] not in _COMPLAINING:
        return None
    return _recipients(fields, original)


def is_feedback(mail: Mail) -> bool:
    """Also for the reports that are no complaint: failed authentication, "not spam"."""
    return _fields(mail) is not None


def _fields(mail: Mail) -> dict[str, list[str]] | None:
    for part in mail.parts:
        if part.content_type in ("message/feedback-report", "message/x-feedback-report", "text/feedback-report"):
            text = charset.decode(part.content[:65_536], None).text.replace("\r\n", "\n")
            fields: dict[str, list[str]] = {}
            for found in _FIELD.finditer(text):
                fields.setdefault(found[1].lower(), []).append(found[2].strip())
            return fields
    return None


def _is_old_form(mail: Mail, original: Original) -> bool:
    if original.headers is None:
        return False
    sender = mail.from_.address if mail.from_ else ""
    return bool(_OLD_SUBJECT.search(mail.subject) or _OLD_SENDERS.match(sender))


def _recipients(fields: dict[str, list[str]], original: Original) -> tuple[Recipient, ...]:
    named = [address_in(value) for name in _RECIPIENT_FIELDS for value in fields.get(name, ())]
    if original.headers is not None:
        named += [address_in(original.headers.first(name) or "") for name in _RECIPIENT_HEADERS]
    named = [one for one in named if "@" in one] or list(original.recipients[:1])
    kept = named[: max(1, len(fields.get("original-rcpt-to", ())))]
    text = " ".join((fields.get("feedback-type") or ["abuse"])[0].split())
    return tuple(Recipient(one, "delivered", None, None, "complaint", text) for one in dict.fromkeys(kept))
