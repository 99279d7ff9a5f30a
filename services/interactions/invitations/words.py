"""What the mails with invitations and answers say to those whose programs read no calendars."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.kit.clock import from_iso

Language = Literal["ru", "en"]
_HEADS = {
    "ru": {"invited": "Приглашение", "moved": "Изменено", "cancelled": "Отменено"},
    "en": {"invited": "Invitation", "moved": "Updated", "cancelled": "Cancelled"},
}
_ANSWERS = {
    "ru": {"accepted": "Принято", "declined": "Отклонено", "tentative": "Под вопросом"},
    "en": {"accepted": "Accepted", "declined": "Declined", "tentative": "Tentative"},
}


def subject(meeting: Mapping[str, Any], language: Language) -> str:
    return f"{_head(meeting, language)}: {meeting['subject'] or meeting['type']}"


def text(meeting: Mapping[str, Any], language: Language, zone: str) -> str:
    """What the employee wrote, then what, when and where."""
    told, plan = meeting["invited"], meeting["plan"]
    lines = [subject(meeting, language), _when(from_iso(plan["at"]), plan["minutes"], zone, language), plan["place"]]
    return "\n\n".join(filter(None, (told["text"].strip(), "\n".join(filter(None, lines)))))


def answer_subject(answer: str, summary: str, language: Language) -> str:
    return f"{_ANSWERS[language][answer]}: {summary}".removesuffix(": ")


def _head(meeting: Mapping[str, Any], language: Language) -> str:
    told = meeting["invited"]
    what = "cancelled" if told["cancelled"] else "moved" if told["sequence"] else "invited"
    return _HEADS[language][what]


def _when(at: datetime, minutes: int, zone: str, language: Language) -> str:
    day, unit = ("%d.%m.%Y", "мин") if language == "ru" else ("%Y-%m-%d", "min")
    return f"{at.astimezone(ZoneInfo(zone)):{day} %H:%M} ({zone}), {minutes} {unit}"
