"""What a mail says about another one: did it arrive, was it unwelcome, was it answered by a robot."""

import re
from dataclasses import replace

from services.email.bounces import automatic, codes, failures, feedback, reasons, report, sentences
from services.email.bounces.models import Auto, Bounce, Kind, Recipient
from services.email.bounces.notice import Notice, notice_of
from services.email.bounces.original import Original, original_of
from services.email.mime import addresses
from services.email.mime.model import Mail

_SURE_DAEMON = re.compile(r"(?i)^(?:mailer-?daemon|post[-_]?master|mail-?delivery|mdaemon|microsoftexchange)")
_DAEMON = re.compile(
    r"(?i)^(?:mailer-?daemon|post[-_]?master|mail-?daemon|mailerdaemon|mail-?delivery|delivery|mdaemon|smtp-?daemon"
    r"|root|admin(?:istrator)?|mailadmin|mail-?system|bounces?|email-bounces|daemon|nondelivery|nobody|mail"
    r"|amavis|uucp|surfcontrol|webshield|mailmarshal|mailsweeper|interscan|scanmail|no-?reply|microsoftexchange\w+|"
    r"staff|mmdf|exim|qmaild?|system|virus|info|notification)\b"
)
_DAEMON_NAME = re.compile(
    r"(?i)mail(?:er)?[ -]?(?:deliver|daemon)|delivery (?:sub)?system|post ?master|system administrator"
    r"|systemadministrator|mail system|mail delivery|administrateur|systemattendant|mail router|systeem"
    r"|email system|системный администратор|amministratore|administrador|interscan|mail server"
)
_SUBJECT = re.compile(
    r"(?i)undeliver|undelivr|failed to send|mail failed|returning to sender|delayed mail|still being retried|"
    r"sent blocked by"
    r"|non-?deliver|not (?:be )?deliver|(?:could|can|was|were|cannot|has"
    r"|have) ?n[o']t (?:been |be )?deliver|n[o']?t (?:been |be )?delivered|deliver\w* (?:status|fail|problem"
    r"|error|report|notif|delayed|unsuccess|incomplete)|delivery_failure|(?:fail\w*|error|problem|unable"
    r"|unsuccessful|cannot|can't|couldn'?t|could not)(?: \S+){0,3}? (?:deliver|deliv|send|notice|sending)"
    r"|returned (?:mail|to sender|message|e-?mail)|mail returned|return(?:ed)? to sender"
    r"|mail (?:failure|error|system error|delivery|status)|message (?:not|status|undeliv|delayed|delivery|frozen"
    r"|rejected|could)|failure notice|user unknown|unknown user|unknown address|bounce|rejected"
    r"|warning: (?:message|could)|nondelivery|nicht zustell|unzustell|konnte nicht|non (?:remis|recapit|deliver)"
    r"|mail non|no (?:se puede|entreg|fue|se pudo)|não (?:entreg|pode|é poss)|nao entreg|не ?доставлен"
    r"|недоставлен|невозможно доставить|ошибка доставки|не удалось (?:отправить|доставить)|отчет о недоставке"
    r"|возвращен|onbestelbaar|kan inte|olever|nelze doru|nie mo[zż]na|nie dostarcz|niedostarcz|配信|配達"
    r"|送信エラー|投递|退信"
    r"|teslim edileme|iletilemedi|nedoru[cč]|kézbesíthetetlen|kézbesítés\w* sikertelen|nelivra"
    r"|nu (?:a putut|poate) fi livrat|ikke (?:lever|afsend)|toimitus\w* epäonnis|ei voitu toimittaa"
    r"|αδύνατη η παράδοση|αδυναμία παράδοσης|не вдалося (?:достав|надісл)|не може да бъде достав|недоставен"
    r"|không (?:gửi|chuyển) được|tidak terkirim|gagal (?:di)?kirim"
    r"|退件|无法|delivery_|delivery notification|undelivered|mensaje no|retour|revenu en erreur|echec|échec"
    r"|fehlgeschlag|e-?mail err|status of: "
)
_REPLY_SUBJECT = re.compile(r"(?i)^(?:re|aw|fw|fwd|отв|sv) ?:")
_BODY = re.compile(
    r"(?i)(?:mail|message|delivery|deliver|recipient|address|user)\w*(?:\W+\w+){0,12}?\W+(?:fail|undeliver"
    r"|not deliver|n't deliver|not (?:be |been |yet )?(?:deliver|sent|reach|complet)|reject|return|unable|bounce"
    r"|delay|refused|problem|unknown|error)|(?:unable|fail\w*|could not|couldn'?t|cannot|can't|unsuccessful"
    r"|attempt\w*)(?: \S+){0,4}? deliver|undeliver|did not reach|permanent(?: fatal)? error"
    r"|this is a permanent error|qmail-send|fatal errors|transcript of session|nicht zugestellt|unzustellbar"
    r"|konnte nicht|n'a p(?:u|as)|n'ont pas|non (?:è|e'|è stato|recapit)|no (?:se |ha )?(?:pudo|podido|entreg"
    r"|fue)|n[aã]o (?:foi|p[oô]de)|не (?:может|удалось|доставлен|был)|недоставл|配信|できません|失败|无法"
    r"|無法|niet (?:bezorgd"
    r"|afgeleverd)"
)
_OFFICES = ("postmaster", "mailer-daemon", "abuse", "root")
_ROBOT = re.compile(r"(?i)robot|no-?reply|do-?not-?reply|serv|system|daemon|bounce|^mail\W|mailer|auto|post")
_ONE_SENTENCE = 400
_LONGEST_SENTENCES = 3000
_VERP = re.compile(r"[+-]([\w.]{1,64})=([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})$")
_ADDRESS_HEADERS = ("x-failed-recipients", "x-failed-recipient", "x-original-recipient", "x-bounce-recipient")


def auto_of(mail: Mail) -> Auto | None:
    """The `auto` of `omnihub inspect`: see `automatic.auto_of`; every bounce and complaint is an "auto-reply"."""
    found = automatic.auto_of(mail)
    if found is None and bounce_of(mail) is not None:
        return "auto-reply"
    return found


def bounce_of(mail: Mail) -> Bounce | None:
    """What this mail tells about one of ours; None for an ordinary mail. Never fails, whatever the bytes."""
    if _is_ordinary(mail):
        return None
    notice = notice_of(mail)
    original = original_of(mail, notice.quoted)
    complaint = feedback.complaint_of(mail, original)
    if complaint is not None:
        return Bounce("complaint", complaint, original.message_id)
    reported = [] if feedback.is_feedback(mail) else _reported(mail, notice, original)
    if reported:
        return _bounce(reported, original)
    if automatic.is_challenge(mail):
        return Bounce("challenge", (), original.message_id)
    return Bounce("auto-reply", (), original.message_id) if automatic.is_reply(mail) else None


def _is_ordinary(mail: Mail) -> bool:
    """A quick no for nearly all mail; signs of every kind of notice are in headers, types and subject."""
    return not (
        _signs(mail)
        or mail.content_type == "multipart/report"
        or any(part.content_type.startswith("message/") for part in mail.parts)
        or automatic.is_reply(mail)
        or automatic.is_challenge(mail)
        or b"inal-Recipient:" in mail.raw
        or _is_only_a_sentence(mail)
    )


def _is_only_a_sentence(mail: Mail) -> bool:
    """No mark at all, but a short text that says outright that a mail to somebody did not arrive."""
    text = mail.text
    if len(text) > _LONGEST_SENTENCES or "@" not in text or _REPLY_SUBJECT.match(mail.subject) or _is_listed(mail):
        return False
    said = sentences.failing(text)
    if not said and mail.from_ and len(text) < _ONE_SENTENCE and _ROBOT.search(mail.from_.address):
        said = sentences.unknown(text)
    return bool(set(said) - _writers(mail)) and not sentences.is_personal(text)


def _writers(mail: Mail) -> set[str]:
    people = (mail.from_, mail.sender, *mail.to, *mail.cc, *mail.reply_to)
    return {one.address for one in people if one}


def _is_listed(mail: Mail) -> bool:
    return automatic.auto_of(mail) == "list" and not automatic.null_return_path(mail)


def _signs(mail: Mail) -> int:
    """How much the envelope looks like a notice; 2 and a telling text make one."""
    sender = mail.from_ or mail.sender
    daemon = sender is not None and bool(_DAEMON.match(sender.address) or _DAEMON_NAME.search(sender.name[:200]))
    subject = bool(_SUBJECT.search(mail.subject[:300])) and not _REPLY_SUBJECT.match(mail.subject)
    report_type = mail.content_type == "multipart/report" or "delivery-status" in mail.params.get("report-type", "")
    failed = any(name in mail.headers for name in _ADDRESS_HEADERS)
    sure = daemon and sender is not None and bool(_SURE_DAEMON.match(sender.address))
    return (
        daemon
        + sure
        + 2 * subject
        + 2 * report_type
        + 3 * failed
        + automatic.null_return_path(mail)
        + (sender is None)
    )


def _reported(mail: Mail, notice: Notice, original: Original) -> list[Recipient]:
    """Recipients by the report's fields, else by headers and text."""
    if any(part.content_type == "message/disposition-notification" for part in mail.parts):
        return []  # A receipt (RFC 8098): it was delivered, whatever became of it then.
    found = report.recipients_of(mail, notice.text)
    if found and (_signs(mail) or mail.content_type.startswith("multipart/")):
        return _in_own_words([_known(one, original) for one in found], notice)
    if sentences.only_warns(notice.text):
        return []
    said = {*sentences.failing(notice.text), *sentences.unknown(notice.text)}
    if said - _writers(mail) and (_signs(mail) or _is_only_a_sentence(mail)):
        told = _told(mail, notice, original)
        return told if _is_robot(mail) or not sentences.is_personal(notice.text) else []
    if _signs(mail) < 2 or _is_just_reply(mail) or not _tells_failure(mail, notice):
        return []
    told = _told(mail, notice, original)
    return told if _is_robot(mail) or (any(map(_has_ground, told)) and not _is_of_person(mail, notice)) else []


def _known(found: Recipient, original: Original) -> Recipient:
    """Whom the original went to, where a report has only his user's name, its postmaster or the one who wrote."""
    local, _, domain = found.address.lower().partition("@")
    misled = domain and (local in _OFFICES or found.address.lower() in original.senders)
    if found.address.lower() in original.recipients or (domain and not misled):
        return found
    meant = [
        one
        for one in original.recipients
        if (one in found.text.lower() if domain else one.partition("@")[0] == local)
    ]
    return replace(found, address=meant[0]) if len(meant) == 1 else found


def _is_of_person(mail: Mail, notice: Notice) -> bool:
    """Somebody who writes to us, or to a list, about a failure."""
    return _is_listed(mail) or sentences.is_personal(notice.text)


def _is_robot(mail: Mail) -> bool:
    return bool(_reporters(mail)) or automatic.is_notice(mail) or automatic.null_return_path(mail) or not mail.from_


def _has_ground(found: Recipient) -> bool:
    """A person who writes that something was not delivered gives no code and no server's reason."""
    return (
        found.reply_code is not None or found.status is not None or found.reason not in ("other", "policy", "system")
    )


def _is_just_reply(mail: Mail) -> bool:
    return automatic.is_reply(mail) and not _SUBJECT.search(mail.subject[:300])


def _tells_failure(mail: Mail, notice: Notice) -> bool:
    text = notice.text[:8000]
    return bool(
        _BODY.search(text)
        or reasons.phrase(text)
        or sentences.tells_failure(text)
        or _SUBJECT.search(mail.subject[:300])
    )


def _told(mail: Mail, notice: Notice, original: Original) -> list[Recipient]:
    ours = _not_failing(mail, original)
    named = [one for one in _header_addresses(mail) if one.lower() not in ours]
    believed = tuple({*original.recipients, *(one.lower() for one in named)})
    told = failures.recipients_of(notice.lines, not_these=ours, original=believed)
    if not told and not named:  # Also who writes to himself may fail, but only where it is said outright.
        told = failures.recipients_of(notice.lines, not_these=_reporters(mail), original=believed, certain=True)
    if named:
        by_address = {one.address.lower(): one for one in told}
        return [by_address.get(one.lower()) or failures.judged(one, notice.text, notice.text) for one in named]
    if told:
        return told
    return [failures.judged(one, notice.text, notice.text) for one in _guessed(mail, original, ours)]


def _header_addresses(mail: Mail) -> list[str]:
    values = [value[:20_000] for name in _ADDRESS_HEADERS for value in mail.headers.values(name)]
    found = (one.address for one in addresses.parse(values) if "@" in one.address)
    return list(dict.fromkeys(found))


def _not_failing(mail: Mail, original: Original) -> frozenset[str]:
    """Who wrote the original and who reports; some gateways report in the name of the one who cannot be reached."""
    people = (*mail.to, *mail.cc, *mail.reply_to)
    writers = {*original.senders, *(one.address.lower() for one in people)} | _reporters(mail)
    return frozenset(writers - (set(original.recipients) - set(original.senders)))


def _reporters(mail: Mail) -> frozenset[str]:
    senders = (one.address.lower() for one in (mail.from_, mail.sender) if one)
    return frozenset(one for one in senders if _DAEMON.match(one))


def _guessed(mail: Mail, original: Original, ours: frozenset[str]) -> list[str]:
    """Where the notice names nobody: the original's only recipient, or the one in our return path (VERP)."""
    recipients = [one for one in original.recipients if one not in ours]
    if len(recipients) == 1:
        return recipients
    paths = (found for one in mail.to if (found := _VERP.search(one.address.rpartition("@")[0])))
    return [f"{found[1]}@{found[2]}" for found in paths][:1]


def _in_own_words(found: list[Recipient], notice: Notice) -> list[Recipient]:
    """Where the report's fields say nothing, the notice may."""
    if all(_is_clear(one) for one in found):
        return found
    believed = tuple(one.address.lower() for one in found)
    told = failures.recipients_of(notice.lines, not_these=frozenset(), original=believed)
    words = {one.address.lower(): one for one in told}
    if len(found) == 1 and believed[0] not in words:
        words[believed[0]] = failures.judged(found[0].address, notice.text, notice.text)
    return [one if _is_clear(one) else _completed(one, words.get(one.address.lower())) for one in found]


def _is_clear(found: Recipient) -> bool:
    return found.action not in ("failed", "delayed") or (
        bool(found.text) and found.reason not in ("other", "system", "policy")
    )


def _completed(found: Recipient, told: Recipient | None) -> Recipient:
    if told is None:
        return found
    status = codes.chosen(found.status, told.status)
    code = found.reply_code or told.reply_code
    reason = reasons.decide(f"{found.text}\n{told.text}", status, code)
    return replace(
        found,
        status=status,
        reply_code=code,
        reason=found.reason if reason == "other" else reason,
        text=found.text or told.text,
    )


def _bounce(found: list[Recipient], original: Original) -> Bounce:
    failing = [one for one in found if one.action in ("failed", "delayed")]
    if not failing:
        return Bounce("delivered", tuple(found), original.message_id)
    kind: Kind = "hard" if any(reasons.is_hard(one) for one in failing) else "soft"
    return Bounce(kind, tuple(failing), original.message_id)
