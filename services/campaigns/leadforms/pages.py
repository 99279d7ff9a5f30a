"""The page of a form, in a frame of somebody's page: plain HTML in Russian and English, without scripts. Pure."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape

from hub.store.base import Document
from services.campaigns.leadforms.models import LONGEST, OTHER

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1rem;color:#222}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1a5fb4;color:#fff}"
    "label{display:block;margin:.6rem 0}input[type=text],input[type=tel],input[type=email],textarea{font:inherit;"
    "width:100%;box-sizing:border-box;padding:.4rem}.w{position:absolute;left:-99rem}.e{color:#a51d2d}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.e{color:#f66}}"
)
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_KINDS = {"phone": "tel", "email": "email"}
_COMPLETE = {"name": "name", "phone": "tel", "email": "email"}
WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "send": "Отправить",
        "thanks": "Спасибо! Мы получили вашу заявку.",
        "missing": "Заполните поле: {field}",
        "address": "Проверьте поле: {field}",
        "long": "Слишком длинно: {field}",
        "machine": "Отправьте, пожалуйста, ещё раз.",
        "stale": "Страница устарела. Проверьте, что написано, и отправьте ещё раз.",
        "often": "С вашего адреса пришло слишком много заявок. Отправьте ещё раз позже.",
        "closed": "Эта форма больше не принимает заявки.",
        "consent": "согласие",
        "empty": "Оставьте это поле пустым",
        "unknown": "Такой формы нет",
    },
    "en": {
        "send": "Send",
        "thanks": "Thank you! We have received it.",
        "missing": "Please fill in: {field}",
        "address": "Please check: {field}",
        "long": "Too long: {field}",
        "machine": "Please send it once more.",
        "stale": "This page is out of date. Look at what you wrote, and send it once more.",
        "often": "Too much came from your address. Send it again later.",
        "closed": "This form takes nothing any more.",
        "consent": "your consent",
        "empty": "Leave this field empty",
        "unknown": "There is no such form",
    },
}


def headers(origins: Sequence[str]) -> Mapping[str, str]:
    """Only these sites may show it, and nothing runs in it."""
    policy = (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none';"
        f" frame-ancestors {' '.join(origins) or chr(39) + 'none' + chr(39)}"
    )
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    }


def form(
    form: Document, language: str, token: str, sent: Mapping[str, str], *, why: str = "", field: str = ""
) -> str:
    """To be filled in; with what was sent, and what is wrong about it."""
    words = WORDS[language]
    said = (
        f'<p class="e" role="alert">{escape(words[why].format(field=_named(form, field, language)))}</p>'
        if why
        else ""
    )
    inputs = "".join(_input(one, language, sent.get(one["name"], "")) for one in form["fields"])
    return _page(
        language,
        form["title"][language],
        f"<h1>{escape(form['title'][language])}</h1>{said}"
        f'<form method="post"><input type="hidden" name="token" value="{escape(token)}">{inputs}'
        f"{_consent(form, language, sent)}"
        f'<div class="w" aria-hidden="true"><label>{words["empty"]}'
        '<input type="text" name="website" tabindex="-1" autocomplete="off"></label></div>'
        f"<p><button>{words['send']}</button></p></form>",
    )


def thanks(form: Document, language: str) -> str:
    said = form["thanks"].get(language) or WORDS[language]["thanks"]
    return _page(language, form["title"][language], f"<p>{escape(said)}</p>")


def closed(form: Document, language: str) -> str:
    return _page(language, form["title"][language], f"<p>{WORDS[language]['closed']}</p>")


def unknown(language: str) -> str:
    return _page(language, WORDS[language]["unknown"], f"<p>{WORDS[language]['unknown']}</p>")


def _input(field: Document, language: str, value: str) -> str:
    name, label = field["name"], escape(field["label"][language])
    longest = LONGEST.get(name, OTHER)
    about = f'name="{name}" maxlength="{longest}"{" required" if field["required"] else ""}'
    if name in _COMPLETE:
        about += f' autocomplete="{_COMPLETE[name]}"'
    shown = escape(value[:longest])
    if field["long"] or name == "text":
        return f'<label>{label}<textarea rows="4" {about}>{shown}</textarea></label>'
    return f'<label>{label}<input type="{_KINDS.get(name, "text")}" {about} value="{shown}"></label>'


def _consent(form: Document, language: str, sent: Mapping[str, str]) -> str:
    if form["consent"] is None:
        return ""
    ticked = " checked" if sent.get("consent") else ""
    required = " required" if form["consent"]["required"] else ""
    words = escape(form["consent"]["words"][language])
    return f'<label><input type="checkbox" name="consent" value="yes"{ticked}{required}> {words}</label>'


def _named(form: Document, field: str, language: str) -> str:
    labels = {one["name"]: one["label"][language] for one in form["fields"]}
    return labels.get(field) or WORDS[language].get(field, field)


def _page(language: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
