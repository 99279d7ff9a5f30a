"""Scripts as people write them: steps with a question each, or an end."""

from datetime import date
from math import isfinite
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form
from hub.api.names import TeamId
from services.campaigns.calllists.models import Code

StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$", examples=["hello"])]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Answer = str | float | tuple[str, ...]
MOST_STEPS, MOST_BYTES = 200, 64 * 1024
"""Of one script."""
TEXT = 2_000
"""Characters of an answer in words."""


class Choice(Form):
    """One answer that may be chosen."""

    value: StepId
    title: Word
    goto: StepId | None = Field(default=None, description="The step that follows; none: that of the question")


class Branch(Form):
    """Where a number leads, or an answer with one of these choices."""

    above: float | None = None
    below: float | None = None
    has: StepId | None = None
    goto: StepId

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.above, self.below, self.has)) != 1:
            raise ValueError("give above, below or has, one of them")
        return self


class Question(Form):
    """What kind of answer is wanted."""

    kind: Literal["choice", "several", "text", "number", "date"]
    choices: tuple[Choice, ...] = Field(default=(), max_length=50)
    least: float | None = Field(default=None, description="Of a number")
    most: float | None = None

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if (self.kind in ("choice", "several")) != bool(self.choices):
            raise ValueError("choice and several have choices, and nothing else has")
        if len({one.value for one in self.choices}) != len(self.choices):
            raise ValueError("choices: a value is given twice")
        if self.kind == "several" and any(one.goto for one in self.choices):
            raise ValueError("choices: of several there may be more than one; lead on by branches with has")
        return self


class StepForm(Form):
    """What is said, and then a question or the end."""

    id: StepId
    says: str = Field(default="", max_length=4_000, description="What the operator says")
    asks: Question | None = None
    branches: tuple[Branch, ...] = Field(default=(), max_length=20, description="The first that fits counts")
    goto: StepId | None = Field(default=None, description="Where it goes on otherwise")
    ends: Code | None = Field(default=None, description="The disposition that it ends with")

    @model_validator(mode="after")
    def _leads(self) -> Self:
        if (self.ends is None) == (self.asks is None) or (self.ends and (self.goto or self.branches)):
            raise ValueError(f"step {self.id}: it either asks something, or ends with a disposition")
        if self.branches and (self.asks is None or self.asks.kind not in ("number", "several")):
            raise ValueError(f"step {self.id}: branches are for numbers and for several choices")
        return self


_EXAMPLE: dict[str, Any] = {
    "name": "Весна",
    "start": "hello",
    "steps": [
        {
            "id": "hello",
            "says": "Здравствуйте! Планируете ремонт?",
            "asks": {
                "kind": "choice",
                "choices": [
                    {"value": "yes", "title": "Да", "goto": "size"},
                    {"value": "no", "title": "Нет", "goto": "bye"},
                ],
            },
        },
        {"id": "size", "says": "Сколько метров?", "asks": {"kind": "number", "least": 1}, "goto": "sold"},
        {"id": "sold", "ends": "sale"},
        {"id": "bye", "says": "Спасибо!", "ends": "not_interested"},
    ],
}


class ScriptForm(Form):
    """A script, whole: whoever changes it makes its next version."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    start: StepId
    steps: tuple[StepForm, ...] = Field(min_length=1, max_length=MOST_STEPS)
    team: TeamId | None = None

    @model_validator(mode="after")
    def _leads_to_an_end(self) -> Self:
        if len(orjson.dumps(self.model_dump(mode="json"))) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes; shorten what is said")
        check(self)
        return self


class AnswerForm(Form):
    """What he answered to one question."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": "size", "value": 12}]})
    step: StepId
    value: Answer = Field(description="A choice's value, several of them, words, a number, or a date as 2026-03-02")


def ways(step: StepForm) -> list[str]:
    """Every step that may follow."""
    chosen = [one.goto for one in step.asks.choices] if step.asks else []
    covered = step.asks is not None and step.asks.kind == "choice" and all(chosen)
    default = [] if covered else [step.goto]
    return [way for way in (*chosen, *(branch.goto for branch in step.branches), *default) if way]


def check(script: ScriptForm) -> None:
    """Raises ValueError: something leads nowhere, is never come to, or goes round without an end."""
    steps = {step.id: step for step in script.steps}
    if len(steps) != len(script.steps):
        raise ValueError("steps: an id is given twice")
    if script.start not in steps:
        raise ValueError(f"start: there is no step {script.start}")
    for step in script.steps:
        _check_ways(step, steps)
    if lost := sorted(steps.keys() - _reached({script.start}, {name: ways(one) for name, one in steps.items()})):
        raise ValueError(f"step {lost[0]}: nothing leads to it")
    back: dict[str, list[str]] = {name: [] for name in steps}
    for name, step in steps.items():
        for way in ways(step):
            back[way].append(name)
    ended = _reached({name for name, step in steps.items() if step.ends}, back)
    if endless := sorted(steps.keys() - ended):
        raise ValueError(f"step {endless[0]}: from here it goes round without an end")


def _check_ways(step: StepForm, steps: dict[str, StepForm]) -> None:
    if missing := [way for way in ways(step) if way not in steps]:
        raise ValueError(f"step {step.id}: there is no step {missing[0]}")
    asked = {one.value for one in step.asks.choices} if step.asks else set()
    if unknown := [one.has for one in step.branches if one.has is not None and one.has not in asked]:
        raise ValueError(f"step {step.id}: there is no choice {unknown[0]}")
    open_ = step.asks is None or step.asks.kind != "choice" or not all(one.goto for one in step.asks.choices)
    if step.ends is None and open_ and step.goto is None:
        raise ValueError(f"step {step.id}: goto is missing, an answer would lead nowhere")


def _reached(begin: set[str], onward: dict[str, list[str]]) -> set[str]:
    found, left = set(begin), list(begin)
    while left:
        for way in onward[left.pop()]:
            if way not in found:
                found.add(way)
                left.append(way)
    return found


def read(question: Question, value: Answer) -> Answer:
    """The answer as it is kept. Raises ValueError, which says what is wanted."""
    match question.kind:
        case "choice" | "several":
            return _chosen(question, value)
        case "number":
            return _number(question, value)
        case "date":
            return date.fromisoformat(str(value)).isoformat()
    if not isinstance(value, str) or not 0 < len(value) <= TEXT:
        raise ValueError(f"give words, {TEXT:,} characters at most")
    return value


def _chosen(question: Question, value: Answer) -> Answer:
    known = [one.value for one in question.choices]
    given = [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []
    several = question.kind == "several"
    if not given or not set(given) <= set(known) or (len(given) > 1 and not several):
        raise ValueError(f"give {'some' if several else 'one'} of {', '.join(known)}")
    return tuple(dict.fromkeys(given)) if several else given[0]


def _number(question: Question, value: Answer) -> float:
    least, most = question.least, question.most
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("give a number")
    if not isfinite(value):
        raise ValueError("give a number that has an end")
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(
            f"give a number from {least if least is not None else '…'} to {most if most is not None else '…'}"
        )
    return value


def following(step: StepForm, answer: Answer | None) -> str | None:
    """The step that comes after this answer; none at an end."""
    if step.ends:
        return None
    for branch in step.branches:
        if _fits(branch, answer):
            return branch.goto
    chosen = [one.goto for one in step.asks.choices if one.value == answer] if step.asks else []
    return next((goto for goto in chosen if goto), step.goto)


def _fits(branch: Branch, answer: Answer | None) -> bool:
    if branch.has is not None:
        return isinstance(answer, tuple) and branch.has in answer
    if not isinstance(answer, int | float):
        return False
    return answer > branch.above if branch.above is not None else branch.below is not None and answer < branch.below
