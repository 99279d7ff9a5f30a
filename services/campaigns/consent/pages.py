"""Pages for customers: plain HTML in Russian and English, without scripts, under a strict policy. Pure."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#222}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1a5fb4;color:#fff}"
    "label{display:block;margin:.6rem 0}textarea,select{font:inherit;width:100%;box-sizing:border-box}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "unsubscribe": "Отписаться",
        "sure": "Больше не присылать на {address}: {what}?",
        "all": "всё, кроме ответов на ваши обращения",
        "yes": "Да, отписаться",
        "why": "Почему? (не обязательно)",
        "gone": "Готово: больше не пришлём. То, что уже передано почтовому серверу, может ещё дойти.",
        "preferences": "О чём вам писать",
        "about": "Настройки для {address}",
        "save": "Сохранить",
        "saved": "Сохранено.",
        "nothing": "Ничего не присылать",
        "confirm": "Подтвердите подписку",
        "agree": "Я согласен получать на {address}: {what}",
        "confirmed": "Спасибо! Подписка подтверждена.",
        "unknown": "Ссылка не действует",
        "unknown_text": "Она неполна или изменена. Откройте её ещё раз из письма целиком.",
    },
    "en": {
        "unsubscribe": "Unsubscribe",
        "sure": "Send no more to {address}: {what}?",
        "all": "everything but answers to you",
        "yes": "Yes, unsubscribe me",
        "why": "Why? (not required)",
        "gone": "Done: no more of it. What the mail server has been given already may still arrive.",
        "preferences": "What you are written to about",
        "about": "Settings for {address}",
        "save": "Save",
        "saved": "Saved.",
        "nothing": "Send me nothing",
        "confirm": "Confirm your subscription",
        "agree": "I agree to receive at {address}: {what}",
        "confirmed": "Thank you! You are subscribed.",
        "unknown": "This link does not work",
        "unknown_text": "It is incomplete or was changed. Open it once more from the letter, whole.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A topic on the page of preferences."""

    id: str
    title: str
    chosen: bool


def language_of(accepted: str, own: str = "") -> str:
    """`ru` or `en`: the recipient's own where we have it, else what his browser asks for first (RFC 9110, 12.5.4)."""
    wanted = [own[:2], *(part.strip()[:2].lower() for part in accepted.split(","))]
    return next((language for language in wanted if language in _WORDS), "ru" if own == "ru" else "en")


def unsubscribe(language: str, address: str, what: str) -> str:
    words = _WORDS[language]
    return page(
        language,
        words["unsubscribe"],
        f"<p>{escape(words['sure'].format(address=shown(address), what=what or words['all']))}</p>"
        '<form method="post"><input type="hidden" name="confirm" value="yes">'
        f'<label>{words["why"]}<textarea name="why" rows="2" maxlength="300"></textarea></label>'
        f"<button>{words['yes']}</button></form>",
    )


def gone(language: str) -> str:
    words = _WORDS[language]
    return page(language, words["unsubscribe"], f"<p>{words['gone']}</p>")


def preferences(language: str, address: str, choices: Sequence[Choice], *, saved: bool = False) -> str:
    words = _WORDS[language]
    boxes = "".join(map(_box, choices))
    done = f"<p><strong>{words['saved']}</strong></p>" if saved else ""
    return page(
        language,
        words["preferences"],
        f"{done}<p>{escape(words['about'].format(address=shown(address)))}</p>"
        f'<form method="post"><input type="hidden" name="confirm" value="yes">{boxes}'
        f'<label><input type="checkbox" name="nothing" value="yes"> {words["nothing"]}</label>'
        f"<p><button>{words['save']}</button></p></form>",
    )


def _box(choice: Choice) -> str:
    ticked = " checked" if choice.chosen else ""
    box = f'<input type="checkbox" name="topic" value="{escape(choice.id)}"{ticked}>'
    return f"<label>{box} {escape(choice.title)}</label>"


def confirm(language: str, address: str, what: str) -> str:
    words = _WORDS[language]
    return page(
        language,
        words["confirm"],
        f"<p>{escape(words['agree'].format(address=shown(address), what=what))}</p>"
        '<form method="post"><input type="hidden" name="confirm" value="yes">'
        f"<button>{words['confirm']}</button></form>",
    )


def confirmed(language: str) -> str:
    words = _WORDS[language]
    return page(language, words["confirm"], f"<p>{words['confirmed']}</p>")


def unknown(language: str) -> str:
    words = _WORDS[language]
    return page(language, words["unknown"], f"<p>{words['unknown_text']}</p>")


def shown(address: str) -> str:
    """As its owner knows it, without the middle: a link may be passed on."""
    kind, _, bare = address.partition(":")
    if kind == "email":
        name, _, host = bare.partition("@")
        return f"{name[:2]}…@{host}"
    return f"…{bare[-4:]}"


def title_of(topic: Mapping[str, Mapping[str, str]], language: str) -> str:
    titles = topic["title"]
    return titles.get(language) or next(iter(titles.values()))


def chosen(form: Mapping[str, Iterable[str]]) -> list[str]:
    return [] if "nothing" in form else list(form.get("topic", ()))


def page(language: str, title: str, body: str) -> str:
    """Any page of ours; `body` is HTML."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )
