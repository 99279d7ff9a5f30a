"""Failing addresses in what a server writes for a person: no standard, but few habits.

An address counts if it leads a line in a list that was announced ("the following addresses had errors"), leads a line
with a reason (`<a@b>: 550 ...`, `a@b... User unknown`), stands in a sentence on failure ("could not be delivered to
a@b"), or was given to RCPT. Addresses of people to turn to, of the sender and of the reporter never count.
"""

import re
from dataclasses import dataclass

from services.email.bounces import codes, reasons, typed
from services.email.bounces.models import Recipient

_ADDRESS = re.compile(
    r"(?<![\w.=+/%-])((?:\"[^\"\n@]{1,64}\"|[\w!#$%&'*+/=?^`{|}~.-]{1,80})@(?:\[[\d.]{7,15}\]"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}))"
)
_CONTACT = re.compile(
    r"(?i)\bcontact|postmaster at|assistance|\bhelp\b|questions?\b|e-?mail us|report (?:this|it|to)"
    r"|forward (?:this|a copy)|send (?:an? )?(?:e-?)?(?:mail|message|request)s? to"
    r"|reply to|write to|if you (?:believe|think|feel|have|need)|please (?:use|notify|e-?mail|send|visit)"
    r"|new (?:e-?mail )?address|has moved|message-?id|envelope-?from|mail ?from"
    r"|(?:return-path|reply-to|sender|reporting-mta|errors-to|list-\w+|from|subject|cc)[ \t]*[:=]"
    r"|original (?:message was )?(?:received|sender)|from:? |обратитесь|свяжитесь|вопрос|wenden sie sich|kontakt"
    r"|fragen|"
    r"contacter|contactez|contatt|instead|was sent by|abuse@|support@|\bby \S+ with\b|id <|unsubscribe"
    r"|subscription|sent (?:to you )?from|on behalf of|sender\b.{0,20}$"
)
_CONTACT_LOCALS = re.compile(r"(?i)^(?:postmaster|mailer-daemon|abuse|helpdesk|hostmaster|noreply|no-reply)@")

_ANNOUNCED = re.compile(
    r"(?i)(?:following|these|below|next)\b[^.]{0,60}?(?:address|recipient|destination|user|mail|account|reason"
    r"|person|error)"
    r"|(?:recipient|address|user|destinatar|destinataire|empf[aä]nger|получател|адресат)\w*(?:\(s\)"
    r"|\(es\))?(?: \S+){0,4}? (?:failed|affected|listed below|rejected|problems?|below)"
    r"|addresses had|had (?:permanent|transient|delivery)|did(?: not|n.t) reach|n(?:o|')t (?:be )?deliver\w*"
    r"|undeliver\w*|unable to deliver|could not (?:be )?(?:deliver|send|sent)|couldn'?t be (?:delivered|sent)"
    r"|wasn'?t delivered"
    r"|delivery (?:to|has failed|failed|failure|attempt|problem)|failed (?:to deliver|recipient|addresses"
    r"|delivery|permanently)|not (?:been )?deliver|non-?deliver|rejected|bounced|permanent|failure reasons"
    r"|cannot (?:be )?(?:deliver|sent)|can't (?:be )?deliver"
    r"|n'a pu [eê]tre|n'a pas (?:pu|[eé]t[eé])|n'ont pas|non (?:remis|recapit|[eèé] stat)|impossible"
    r"|konnte(?:n)? nicht|nicht (?:zugestellt|erreicht|ausgeliefert)|unzustellbar|folgende"
    r"|no (?:se )?(?:ha podido|pudo|pudieron|puede|fue|entreg|lleg)"
    r"|n[aã]o (?:foi|p[oô]de|entreg)|impossibile|niet (?:worden |kon )?(?:bezorg|afgelever)|не (?:может|удалось"
    r"|был\w*|доставлен\w*|дошл\w+)|недоставлен|следующ|невозможно|nie (?:mo[zż]|zosta|dostarcz)|できません"
    r"|できませんでした"
    r"|teslim edileme|ulaştırılama|nezda[rř]il|nepoda[rř]il|nebyl\w* doru|doru[cč]en\w+ se"
    r"|nem (?:sikerült|lehet) kézbes|kézbesítés\w* (?:sikertelen|nem)"
    r"|nu (?:a putut|au putut|a fost) (?:fi )?livrat|inte (?:att )?lever|misslyck"
    r"|kunne ikke lever|mislykke|epäonnistui|ei voitu toimittaa|δεν (?:ήταν δυνατή|παραδόθηκε)|απέτυχε|не вдалося"
    r"|не бе(?:ше)? достав|falhou|não (?:foi|pôde)|nie powiod"
    r"|失败|失敗|无法|無法|could not deliver|failed:"
)
_LEAD = re.compile(
    r"(?i)^[\s\W]{0,24}(?:\d{3}[ -]{1,3})?(?:\d\.\d{1,3}\.\d{1,3}\s{1,4})?(?:(?:to|rcpt to"
    r"|recipients?(?: address)?|address(?:es)?|e-?mail(?: address)?|failed recipient|final[ -]recipient|user|for"
    r"|получатель|адрес|empf[aä]nger|destinataire|destinatario|failed|mailbox|user unknown"
    r"|unknown user|invalid (?:recipient|user|address)|no such user|delivery failed|undeliverable to"
    r"|user mailbox exceeds allowed size|account)\W{1,8})?(?:rfc822;|smtp:|mailto:)?\W{0,4}$"
)
_RCPT = re.compile(r"(?i)rcpt to\W{1,4}")
_REPLY = re.compile(r"(?:^|[\s>:;(\[\"'])[45]\d\d[\s-]|[45]\.\d{1,3}\.\d{1,3}")
_RULE = re.compile(r"^\W{0,10}$")
_MAX = 500


@dataclass(frozen=True, slots=True)
class _Mention:
    line: int
    address: str
    weight: int
    alone: bool
    plain: int
    """The weight as it were, had the mail not gone to this address."""


def recipients_of(
    lines: tuple[str, ...], *, not_these: frozenset[str], original: tuple[str, ...], certain: bool = False
) -> list[Recipient]:
    """The recipients that `lines` call undeliverable; `not_these` (lower case) never are, those of `original` are
    believed sooner. With `certain`, only those that are said to have failed outright.
    """
    mentions = _mentions(lines, not_these, frozenset(original))
    best = max((one.weight for one in mentions), default=0)
    if certain and best < 3:
        return []
    if best <= 2 and original and not any(one.address.lower() in original for one in mentions):
        return []  # A relay, a list or a postmaster: the mail did not go there.
    kept = _whole(_kept(mentions, best)) if best > 1 else mentions[:1]
    by_address: dict[str, list[_Mention]] = {}
    for one in kept:
        by_address.setdefault(one.address.lower(), []).append(one)
    whole = "\n".join(lines)
    starts = {name: sorted({one.line for one in mentions if one.address.lower() != name}) for name in by_address}
    return [
        _recipient(lines, found, starts[name], whole, only=len(by_address) == 1) for name, found in by_address.items()
    ]


def _kept(mentions: list[_Mention], best: int) -> list[_Mention]:
    """The surest, and those that stand as one of them does, though nothing says that the mail went to them."""
    floor = min(one.plain for one in mentions if one.weight == best)
    return [one for one in mentions if one.weight >= min(best, 3) or one.plain >= max(floor, 2)]


def _whole(mentions: list[_Mention]) -> list[_Mention]:
    """Without the names of queues and programs that look like an address, where there is a real one."""
    real = [one for one in mentions if "." in one.address.rpartition("@")[2]]
    return real or mentions


def _mentions(lines: tuple[str, ...], not_these: frozenset[str], original: frozenset[str]) -> list[_Mention]:
    found: list[_Mention] = []
    announced = -99
    for number, line in enumerate(lines):
        if "@" in line:
            near = f"{lines[number - 1]} {line}" if number else line
            for match in list(_ADDRESS.finditer(line))[:50]:
                address = typed.bare(match[1].strip("'`*.-").removeprefix("mailto:"))
                lower = address.lower()
                if (
                    not lower.partition("@")[0]
                    or lower in not_these
                    or (_CONTACT_LOCALS.match(lower) and lower not in original)
                ):
                    continue
                if weight := _weight(line, near, match, announced=number - announced <= 12):
                    surer = weight + (lower in original)
                    found.append(_Mention(number, address, surer, _is_alone(line, match), weight))
        if _ANNOUNCED.search(line):
            announced = number
        elif found and found[-1].line == number:
            announced = max(announced, number - 6) if number - announced <= 12 else announced
        if len(found) >= _MAX:
            break
    return found


def _weight(line: str, near: str, match: re.Match[str], *, announced: bool) -> int:
    """3 for an address that leads a line where one may, 2 in a sentence on failure, 1 for a mere mention."""
    before, after = line[: match.start()], line[match.end() :]
    if _RCPT.search(before[-14:]):
        return 3
    leads = bool(_LEAD.match(before))
    if leads and (announced or after.lstrip(">\"') \t")[:1] in (":", "(") or after.lstrip(">\"' ").startswith("...")):
        return 3
    if _CONTACT.search(line[max(0, match.start() - 80) : match.start()]):
        return 0
    if _ANNOUNCED.search(line) or _REPLY.search(line) or reasons.HARD & {reasons.phrase(line)}:
        return 3
    if leads or announced or _ANNOUNCED.search(near):
        return 2
    return 1


def _is_alone(line: str, match: re.Match[str]) -> bool:
    return not re.search(r"\w{3}", line[match.end() :])


def _recipient(
    lines: tuple[str, ...], mentions: list[_Mention], starts: list[int], whole: str, *, only: bool
) -> Recipient:
    texts = [_context(lines, one, starts) for one in mentions[:8]]
    text = max(texts, key=_worth)
    if _worth(text) < 2 and only:
        text = whole
    return judged(mentions[0].address, text, whole if only else text)


def _context(lines: tuple[str, ...], mention: _Mention, starts: list[int]) -> str:
    """The mention's line and the paragraph that goes on from it; further paragraphs, up to the next mention of
    another address, only while nothing told a reason and the address stood alone on its line.
    """
    following = next((line for line in starts if line > mention.line), len(lines))
    end = min(following, mention.line + 25)
    kept = [lines[mention.line]]
    paragraphs = 0
    for line in lines[mention.line + 1 : end]:
        if not _RULE.match(line):
            kept.append(line)
            continue
        paragraphs += len(kept) > 1
        if not mention.alone or paragraphs > 2 or (len(kept) > 1 and _worth("\n".join(kept)) > 1):
            break
    return "\n".join(kept)


def _worth(text: str) -> int:
    return (
        2 * (reasons.phrase(text) not in (None, "system", "policy"))
        + (codes.status(text) is not None)
        + (codes.reply_code(text) is not None)
    )


def judged(address: str, text: str, whole: str) -> Recipient:
    """A recipient by what the server says: of it in `text`, of the mail as a whole in `whole`."""
    if "_said:_" in text:  # Some servers write their log's line, blanks as underscores.
        text = text.replace("_", " ")
    status = codes.status(text) or codes.status(whole)
    code = codes.reply_code(text) or codes.reply_code(whole)
    reason = reasons.decide(text, status, code)
    if reason in ("other", "policy", "system") and whole != text:
        reason = reasons.decide(f"{text}\n{whole}", status, code)
    action = "delayed" if _is_delay(whole) else "failed"
    said = " ".join(shortest(text).split())
    return Recipient(address, action, codes.complete(status, code, reason), code, reason, said)


_DELAY = re.compile(
    r"(?i)warning message only|you do not need to resend|no action is required|will (?:continue to be"
    r"|be) (?:re)?(?:tried|attempted)|delivery will continue|(?:will|is being) (?:continue"
    r"|keep)\w* (?:to )?(?:try|retr|attempt)|not yet been delivered|has been delayed|"
    r"still being retried|(?:delivery|message) (?:is |temporarily )?delayed|попытки доставки (?:будут )?продолж"
    r"|wird weiterhin versucht|temporary problem delivering"
)


def _is_delay(whole: str) -> bool:
    return bool(_DELAY.search(whole))


def shortest(text: str) -> str:
    """The lines with a reply in them, if some have one; the server's own words rather than the letter around them."""
    lines = text.split("\n")
    if len(lines) < 12:
        return text
    said = [line for line in lines if _REPLY.search(line) or reasons.phrase(line) not in (None, "system")]
    return "\n".join(said[:10] or lines)[:4000]
