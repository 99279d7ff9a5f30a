"""The page of a guest, in Russian and English: what, when, where; yes or no. Pure."""

from collections.abc import Mapping
from html import escape

from hub.store.base import Document
from services.campaigns.consent.pages import page
from services.campaigns.marketingevents.links import when

_WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "unreached": "Вы придёте?",
        "invited": "Вы придёте?",
        "confirmed": "Место за вами. Ваш код на входе: {code}",
        "waiting": "Все места заняты. Вы в листе ожидания: когда место освободится, оно ваше.",
        "declined": "Жаль! Если передумаете, ответьте ещё раз.",
        "attended": "Вы у нас. Спасибо, что пришли!",
        "absent": "Жаль, что не получилось встретиться.",
        "yes": "Приду",
        "no": "Не приду",
        "calendar": "Добавить в календарь",
        "over": "Событие прошло или отменено, ответить больше нельзя.",
        "refused": "Сейчас ответ принять нельзя: ответьте тому, кто вас пригласил.",
        "link": "Подключиться",
    },
    "en": {
        "unreached": "Will you come?",
        "invited": "Will you come?",
        "confirmed": "A seat is yours. Your code at the door: {code}",
        "waiting": "All seats are taken. You are on the waiting list: the next free seat is yours.",
        "declined": "A pity! If you change your mind, answer again.",
        "attended": "You are here. Thank you for coming!",
        "absent": "A pity that we did not meet.",
        "yes": "I will come",
        "no": "I will not come",
        "calendar": "Add to calendar",
        "over": "The event is over or was cancelled; nothing can be answered any more.",
        "refused": "The answer cannot be taken now; please answer whoever invited you.",
        "link": "Join",
    },
}


def shown(
    language: str, event: Document, guest: Document, calendar: str, *, over: bool, refused: bool = False
) -> str:
    """Where he stands, and what he may answer."""
    words = _WORDS[language]
    said = escape(words[guest["state"]].format(code=guest["code"]))
    about = [f"<p>{escape(when(event, language))}</p>"]
    about += [f"<p>{escape(event['place'])}</p>"] if event["place"] else []
    if event["link"] and guest["state"] in ("confirmed", "attended"):
        about.append(f'<p><a href="{escape(event["link"])}" rel="noreferrer">{words["link"]}</a></p>')
    about += [f"<p>{escape(line)}</p>" for line in event["text"].splitlines() if line.strip()]
    about.append(f"<p><strong>{said}</strong></p>")
    if refused:
        about.append(f"<p>{words['refused']}</p>")
    if over:
        about.append(f"<p>{words['over']}</p>")
    elif guest["state"] != "attended":
        about.append(_form(words, guest["state"]))
    about.append(f'<p><a href="{escape(calendar)}">{words["calendar"]}</a></p>')
    return page(language, escape(event["title"]), "".join(about))


def _form(words: Mapping[str, str], state: str) -> str:
    answers = {"yes": state not in ("confirmed", "waiting"), "no": state != "declined"}
    buttons = [f'<button name="answer" value="{one}">{words[one]}</button>' for one, may in answers.items() if may]
    return f'<form method="post">{" ".join(buttons)}</form>'
