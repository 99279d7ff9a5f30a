"""Words by which somebody ends what we send him, or lets us begin again: only when they are all he wrote."""

from typing import Literal

_ENDING = """
stop stopall unsubscribe cancel end quit optout revoke стоп стопвсе отписка отписаться отпишите отмена
"""
_BEGINNING = "start yes unstop старт подписка подписаться"
_OUT, _IN = frozenset(_ENDING.split()), frozenset(_BEGINNING.split())
State = Literal["given", "withdrawn"]
_PROVIDER: dict[str, State] = {"STOP": "withdrawn", "START": "given"}


_COMMANDS: dict[str, State] = {"/stop": "withdrawn", "/unsubscribe": "withdrawn", "/subscribe": "given"}
"""Of a bot. `/start` is none: by that everybody comes for the first time."""


def commanded(text: str) -> State | None:
    """What a message to a bot says of his consent; `/stop@our_bot` is for us as well."""
    return _COMMANDS.get(text.strip().partition("@")[0].casefold()) or consent(text)


def consent(text: str, provider_says: str = "") -> State | None:
    """What a message says of his consent; `provider_says` is Twilio's `OptOutType`."""
    if told := _PROVIDER.get(provider_says.upper()):
        return told
    word = "".join(text.split()).strip(".!«»\"'").casefold().replace("-", "")
    return "withdrawn" if word in _OUT else "given" if word in _IN else None
