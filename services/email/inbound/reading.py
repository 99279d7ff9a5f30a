"""What a mail says beside its words: its new text, its HTML made safe, its kind, what it tells about one of ours."""

import re
from dataclasses import dataclass

from hub.contracts import bounce as told
from hub.contracts.interaction import Reading
from hub.kit import safe_html
from services.email.bounces import automatic, policy
from services.email.bounces.classify import bounce_of
from services.email.bounces.models import Bounce, Recipient
from services.email.inbound.invited import invitation_of
from services.email.inbound.warnings import Ours, warnings_of
from services.email.mime import authentication, identity
from services.email.mime.model import Mail
from services.email.mime.words import encodable
from services.email.quotes.split import split
from services.email.threads import begins

TEXT_LIMIT = 256 * 1024
"""Bytes of text that are kept and split, at most."""
HTML_LIMIT = 512 * 1024
"""Characters of HTML that are shown, at most: 60 ms of work. Longer HTML is not asked what it quotes."""
DEPTH = 2000
"""Levels of nested elements: a parser of HTML takes time in their square, 40 ms at 5,000."""
NOBODY = Ours(frozenset())
_RECIPIENTS = 100
_WORDS = 500
_SURELY_SHALLOW = 5000
_NESTING = re.compile(r"<(/?)(?!(?:br|img|hr|meta|link|input|col|wbr|p|li|td|tr|th|dd|dt|option)\b)[a-z]", re.I)


@dataclass(frozen=True, slots=True)
class Read:
    """The fields, the sanitised HTML in UTF-8 (empty where there is none to show), and what was left out."""

    fields: Reading
    page: bytes
    problems: tuple[str, ...]


def read(mail: Mail, trusted: frozenset[str] = frozenset(), ours: Ours = NOBODY, *, sent: bool = False) -> Read:
    """`trusted` names the servers whose verdicts on the sender are believed: anybody can write one. What one of us
    `sent` is no notice about anything, and warns of nobody.
    """
    text, html = first(mail.text, TEXT_LIMIT), (mail.html or "")[:HTML_LIMIT]
    is_whole = html == (mail.html or "")
    problems = []
    if mail.html and not is_whole:
        problems.append(f"HTML of {len(mail.html) // 1024} kB, of which the first {HTML_LIMIT // 1024} kB are shown")
    if _is_deep(html):
        problems.append("HTML nested too deeply to be shown")
        html = ""
    shown = split(text, html if html and is_whole else None, first=begins(mail))
    page = safe_html.sanitise(html) if html else safe_html.SafeHtml("", 0)
    bounce = None if sent else bounce_of(mail)
    verdict = _authentication(mail, trusted)
    fields = Reading(
        new_text=None if shown.new_text == text.strip() else encodable(shown.new_text),
        quoted_text=encodable(shown.quoted_text),
        signature=encodable(shown.signature),
        blocked_images=page.blocked,
        # As `classify.auto_of`, which would look for the bounce once more.
        auto=automatic.auto_of(mail) or ("auto-reply" if bounce else None),
        bounce=_bounce(bounce) if bounce else None,
        authentication=verdict,
        warnings=() if bounce or sent else warnings_of(mail, ours, verdict),
        invitation=invitation_of(mail),
    )
    return Read(fields, page.html.encode("utf-8", "replace"), tuple(problems))


def first(text: str, limit: int) -> str:
    """As much of it as fits into `limit` bytes."""
    if 4 * len(text) <= limit:
        return text
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def _is_deep(html: str) -> bool:
    if html.count("<") < _SURELY_SHALLOW:
        return False
    depth = 0
    for found in _NESTING.finditer(html):
        depth += -1 if found[1] else 1
        if depth > DEPTH:
            return True
    return False


def _authentication(mail: Mail, trusted: frozenset[str]) -> told.Authentication | None:
    found = authentication.of(mail.header_all("Authentication-Results"), trusted)
    verdicts = {name: _short(value) for name, value in found._asdict().items()} if found else {}
    if mail.signature:
        word = {True: "pass", False: "fail", None: "unknown"}[mail.signature.intact]
        verdicts |= {"smime": word, "signer": encodable(mail.signature.by)[:_WORDS]}
    return told.Authentication(**verdicts) if verdicts else None


def _bounce(bounce: Bounce) -> told.Bounce:
    original = bounce.original_message_id
    return told.Bounce(
        kind=bounce.kind,
        recipients=tuple(_recipient(bounce, one) for one in bounce.recipients[:_RECIPIENTS]),
        original_message_id=_short(original),
    )


def _recipient(bounce: Bounce, found: Recipient) -> told.BounceRecipient:
    return told.BounceRecipient(
        address=encodable(identity.normalise_address(found.address) or found.address)[:_WORDS],
        action=found.action,
        status=found.status,
        reply_code=found.reply_code,
        reason=found.reason,
        text=encodable(found.text)[:_WORDS],
        severity=policy.severity_of(bounce, found),
    )


def _short(text: str | None) -> str | None:
    return encodable(text)[:_WORDS] if text else None
