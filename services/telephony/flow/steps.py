"""What is to be done with a caller next: the words of it, the same for every exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.telephony.flow.models import CallBackOffer, Flow
from services.telephony.phones.models import Phone

OWNER, RUNG, QUEUE, RECORDED = "owner", "rung", "queue", "recorded"
"""Steps that an exchange tells the end of."""
QUEUE_RUNG = "queue_rung"
"""And this one, with a dot and the number of the ring behind it; without one it began under an older version."""
MENU = ("menu", "menu_again", "menu_last")
"""So do these: who presses none of its keys is asked this often."""
Targets = tuple[tuple[str, Phone], ...]
"""Phones, each with its employee."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    spoken: str = ""
    """Which text of the flow it is: one of `flow.models.SPOKEN`."""


@dataclass(frozen=True, slots=True)
class SayPlace:
    """The place of who waits, in words; and its numbers, for who has recorded words only."""

    text: str
    position: int
    minutes: int
    """0: it is not said how long it will be."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Says it and waits for one of the keys: `step` has the one that was pressed."""

    text: str
    keys: str
    step: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Waits in the queue, for so many seconds or until the key; the step `queue` has it."""

    said: tuple[Say | SayPlace, ...]
    seconds: float
    key: str
    """Empty: no key does anything."""
    music: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings all of these phones at once; `step` comes after it."""

    targets: Targets
    seconds: int
    recorded: bool
    step: str


@dataclass(frozen=True, slots=True)
class Record:
    """Takes a message after the beep."""

    seconds: int


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


Act = Say | Ask | Wait | Ring | Record | HangUp


def closed(flow: Flow, now: datetime) -> bool:
    return flow.hours is not None and not flow.hours.is_open(now)


def opening(flow: Flow) -> list[Act]:
    return [*said(flow.greeting, "greeting"), *said(flow.announcement, "announcement")]


def turned_away(flow: Flow) -> list[Act]:
    return [*said(flow.closed, "closed"), *voicemail(flow)]


def menu(flow: Flow, asked: Sequence[str] = ()) -> list[Act]:
    """`asked`: the steps of it that came before."""
    left = MENU[len(asked) :]
    if flow.menu is None or not left:
        return voicemail(flow)
    return [Ask(flow.menu.text, "".join(sorted(flow.menu.choices)), left[0])]


def voicemail(flow: Flow) -> list[Act]:
    if not flow.voicemail:
        return [HangUp()]
    return [Say(flow.voicemail, "voicemail"), Record(flow.voicemail_seconds)]


def said(text: str, spoken: str) -> Sequence[Act]:
    return [Say(text, spoken)] if text else []


def place(flow: Flow, position: int, minutes: int) -> SayPlace:
    """Where in the queue somebody is, in the language of the flow."""
    assert flow.queue is not None
    shown = minutes if flow.queue.announce == "position_and_wait" else 0
    text = flow.queue.announcement or _USUAL[_language(flow)][shown > 0]
    return SayPlace(text.replace("{position}", str(position)).replace("{minutes}", str(minutes)), position, shown)


def offered(flow: Flow, offer: CallBackOffer) -> Say:
    """That he may be called back instead."""
    return Say(offer.text or _OFFER[_language(flow)].format(offer.key), "call_back")


def thanks(flow: Flow) -> list[Act]:
    given = flow.queue.call_back if flow.queue else None
    text = (given.thanks if given else "") or _THANKS[_language(flow)]
    return [Say(text, "thanks"), HangUp()]


def _language(flow: Flow) -> str:
    return "ru" if flow.language.startswith("ru") else "en"


_USUAL = {
    "ru": ("Вы в очереди под номером {position}.", "Вы в очереди под номером {position}. Ждать около {minutes} мин."),
    "en": ("You are number {position} in the queue.", "You are number {position}. It will take about {minutes} min."),
}
"""Without and with the wait."""
_OFFER = {
    "ru": "Чтобы мы перезвонили вам, не теряя вашей очереди, нажмите {}.",
    "en": "To be called back without losing your place press {}.",
}
_THANKS = {"ru": "Спасибо, мы вам перезвоним.", "en": "Thank you, we will call you back."}
