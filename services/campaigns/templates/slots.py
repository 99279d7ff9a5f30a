"""The places of a simple template, and what a recipient gets in each: without the engine, which few need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.campaigns.templates.declension import CASES, declined

VARIABLES = ("name", "first_name", "patronymic", "surname", "email", "phone", "client_id", "language")
"""What is known of a recipient; beside, `data.COLUMN` of a list or of a call."""
DATA = "data"
PLAIN: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "capitalize": str.capitalize,
    "trim": str.strip,
}
"""Filters that simple templates may use beside `default`; they do what Jinja2's do."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a simple template: a variable and what is done to it, in order."""

    path: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> list[Any]:
        return [list(self.path), [list(step) for step in self.steps]]

    @classmethod
    def of_json(cls, given: Sequence[Any]) -> "Slot":
        return cls(tuple(given[0]), tuple(tuple(step) for step in given[1]))

    @property
    def name(self) -> str:
        """As it is told of who lacks it: `first_name`, `surname|dative`."""
        return "|".join((".".join(self.path), *(step[0] for step in self.steps if step[0] in CASES)))

    @property
    def has_fallback(self) -> bool:
        return any(step[0] == "default" for step in self.steps)

    def value(self, variables: Mapping[str, Any]) -> str | None:
        """What is filled in for a recipient; none: he lacks it. Pure."""
        found: Any = variables
        for name in self.path:
            found = found.get(name) if isinstance(found, Mapping) else None
        text = None if found is None or found == "" else str(found)
        for step in self.steps:
            text = _stepped(text, step, variables)
        return text


def _stepped(text: str | None, step: tuple[str, ...], variables: Mapping[str, Any]) -> str | None:
    if step[0] in CASES:
        return None if text is None else declined(text, step[0], variables)
    if step[0] == "default":
        return step[1] if text is None else text
    return None if text is None else PLAIN[step[0]](text)
