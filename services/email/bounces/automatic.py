"""Mail that no person wrote to us: automatic replies (RFC 3834), lists (RFC 2919), bulk mail, challenges."""

import re

from services.email.bounces.models import Auto
from services.email.mime.model import Mail

_LIST = ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-beenthere", "x-mailman-version", "x-list-id")
_BULK = ("list-unsubscribe", "feedback-id", "x-campaign-id", "x-mailgun-tag", "x-csa-complaints", "x-mailer-recptid")
_REPLIES = (
    "x-autoreply", "x-autorespond", "x-autoreply-from", "x-autorespond-from", "x-auto-reply-from", "x-mail-autoreply",
    "x-autoresponder", "x-auto-reply", "x-vacation", "x-ms-exchange-inbox-rules-loop", "x-pm-message-autoreply",
)  # fmt: skip
_PRECEDENCE = re.compile(r"(?i)^auto[ _-]?(?:reply|response)")
_SUBJECT = re.compile(
    r"(?i)^\W{0,4}(?:(?:re|aw|fw|sv|antw|отв) ?:\s{0,4})?\W{0,4}(?:"
    r"auto(?:matic|mated|matically)?[ -]?(?:reply|response|answer|generated reply|respond\w*|acknowledge?ment)\b"
    r"|auto ?:|out[ -]of[ -](?:the )?(?:office|town)|\[?ooo\b\]?|on vacation|vacation (?:reply|response|notice"
    r"|message|auto)|away (?:from|message|notice)|i(?:'m| am) (?:away|out of|on (?:vacation|leave|holiday))"
    r"|annual leave|on leave|on holiday"
    r"|автоматическ\w+ (?:ответ|уведомлени)|автоответ|авто-ответ|автоматична відповідь|автовідповід|(?:я )?(?:нет"
    r"|отсутств\w+|буду отсутствовать|не) (?:на (?:месте|работе)|в офисе)|(?:в|нахожусь в) отпуске|отпуск\b|вне офиса"
    r"|automatische (?:antwort|r[uü]ckantwort)|automatisch(?:e|es)? (?:antwoord|beantwoord)|abwesenheit"
    r"|ich bin (?:abwesend|nicht|im urlaub)|au(?:ß|ss)er haus|nicht im (?:b[uü]ro|haus)|urlaub\b"
    r"|r[eé]ponse automatique|absence (?:du bureau|temporaire|de)|absen(?:t|ce)\b|en (?:vacances|cong[eé])"
    r"|r[eé]pondeur|message automatique"
    r"|respuesta autom[aá]tica|fuera de (?:la )?oficina|ausente|ausencia|resposta autom[aá]tica"
    r"|fora do escrit[oó]rio|aus[eê]ncia|risposta automatica|fuori (?:sede|ufficio)|assen(?:te|za)\b"
    r"|odpowied[zź] automatyczna|automatyczna odpowied[zź]|poza biurem|nieobecno[sś][cć]|afwezig|niet aanwezig"
    r"|autosvar|automatiskt svar|automatisk svar|fr[aå]nvaro|frav[aæ]r|poissa|automaattinen vastaus"
    r"|automatick[aá] odpov[eě][dď]|otomatik yan[ıi]t|automatikus v[aá]lasz|r[aă]spuns automat"
    r"|自动回复|自動回覆|自動応答|自動返信|자동 ?회신|자동 ?응답|부재중|不在"
    r")"
)
_PLAIN_REPLY = re.compile(r"(?i)^\W{0,4}(?:re|aw|отв|sv|antw) ?:")
_CHALLENGE_SUBJECT = re.compile(
    r"(?i)please confirm (?:your|this|that) (?:message|e-?mail|mail)|confirm(?:ation)? (?:required|needed)"
    r"|verify (?:your )?(?:e-?mail|message|identity|that you)|action required to deliver|your (?:message"
    r"|e-?mail) (?:requires|needs|is awaiting|is waiting)|needs? (?:your )?(?:verification|confirmation)"
    r"|(?:spam ?arrest|boxbe|tmda|knowspam|bluebottle|challenge)\b|confirm (?:your )?(?:e-?mail )?(?:delivery"
    r"|sender)|подтвердите (?:отправку|ваше письмо|письмо)|sender (?:verification|confirmation|authenti)"
)
_CHALLENGE_TEXT = re.compile(
    r"(?i)(?:reply to this (?:message|e-?mail)|click (?:on )?(?:the |this )?(?:link|here|below)"
    r"|confirm)[^\n]{0,120}(?:release|deliver|confirm|verif|prove|human|approve|whitelist)|(?:has been|is being"
    r"|was) (?:held|quarantined|placed)[^\n]{0,120}(?:until|because|confirm)|unconfirmed (?:message|sender)"
    r"|(?:prove|make sure|verify) (?:that )?you(?:'re| are) (?:a )?(?:human|not|real|person)"
    r"|challenge[ -]response|added? (?:you )?to (?:my|the) (?:approved|allowed|guest) list|chose to use (?:boxbe"
    r"|spam)|confirm that you sent"
)
_CHALLENGE_FROM = re.compile(
    r"(?i)(?:@|\.)(?:boxbe|spamarrest|bluebottle|knowspam|mailinblack|vade-?retro|sendio|choicemail|digiportal)\."
    r"|^(?:[\w.]{1,60}-)?confirm-(?:[\w.-]{1,80})@|-confirm\+|notifier@mail\.boxbe"
)
_CHALLENGE_HEADERS = (
    "x-tmda-fingerprint",
    "x-tmda-confirm",
    "x-boxbe",
    "x-boxbe-scope",
    "x-asg-challenge",
    "x-mailinblack",
    "x-spamarrest-challenge",
    "x-delivery-agent-challenge",
)
_NULL = re.compile(r"^\s*<?\s*>?\s*$")


def auto_of(mail: Mail) -> Auto | None:
    """Whether a robot sent this mail, and of which kind: `auto-reply` (with the notices of mail servers),
    `challenge`, `list` (a person may have written it, but not to us), `bulk`; None for a mail from a person.
    """
    if is_challenge(mail):
        return "challenge"
    if _is_list(mail):
        return "list"
    if is_reply(mail) or is_notice(mail):
        return "auto-reply"
    return "bulk" if _is_bulk(mail) else None


def is_notice(mail: Mail) -> bool:
    """A mail server's own: a report, or an empty way back."""
    if mail.content_type == "multipart/report":
        return True
    sender = mail.from_.address.partition("@")[0].lower() if mail.from_ else ""
    return sender in ("mailer-daemon", "mailerdaemon") or (null_return_path(mail) and sender == "postmaster")


def null_return_path(mail: Mail) -> bool:
    """`Return-Path: <>`: answers to such a mail are forbidden."""
    value = mail.header_raw("return-path")
    return value is not None and bool(_NULL.match(value[:200].decode("latin-1")))


def is_reply(mail: Mail) -> bool:
    """An automatic answer to a mail of ours, such as a vacation notice."""
    submitted = _word(mail, "auto-submitted")
    if submitted in ("auto-replied", "auto-notified"):
        return True
    if submitted == "no":
        return False
    if any(name in mail.headers and _word(mail, name) not in ("no", "false") for name in _REPLIES):
        return True
    if _PRECEDENCE.match(_word(mail, "precedence")) or _PRECEDENCE.match(_word(mail, "x-precedence")):
        return True
    if _word(mail, "x-autogenerated") == "reply" or "vacation" in (mail.header("x-mailer") or "").lower():
        return True
    return _looks_like_reply(mail)


def _looks_like_reply(mail: Mail) -> bool:
    if _SUBJECT.match(mail.subject[:200]):
        return not _PLAIN_REPLY.match(mail.subject[:20]) or _is_robotic(mail)
    return bool(mail.in_reply_to) and _is_robotic(mail) and null_return_path(mail)


def _is_robotic(mail: Mail) -> bool:
    """Signs that alone say little: many a program sets them on mail that a person wrote."""
    return (
        _word(mail, "precedence") in ("bulk", "junk")
        or null_return_path(mail)
        or _word(mail, "auto-submitted").startswith("auto-")
    )


def is_challenge(mail: Mail) -> bool:
    """The sender's robot wants a proof that a person wrote to it."""
    sender = mail.from_.address if mail.from_ else ""
    if any(name in mail.headers for name in _CHALLENGE_HEADERS) and _asks(mail):
        return True
    return bool(_CHALLENGE_SUBJECT.search(mail.subject[:300]) or _CHALLENGE_FROM.search(sender[:200])) and _asks(mail)


def _asks(mail: Mail) -> bool:
    return bool(_CHALLENGE_TEXT.search(mail.text[:8000]))


def _is_list(mail: Mail) -> bool:
    return any(name in mail.headers for name in _LIST) or _word(mail, "precedence") == "list"


def _is_bulk(mail: Mail) -> bool:
    if _word(mail, "precedence") in ("bulk", "junk"):
        return True
    submitted = _word(mail, "auto-submitted")
    return submitted.startswith("auto-") or any(name in mail.headers for name in _BULK)


def _word(mail: Mail, name: str) -> str:
    """The first word of a header, in lower case."""
    value = (mail.header(name) or "")[:200].partition(";")[0].strip().lower()
    return value.split()[0] if value else ""
