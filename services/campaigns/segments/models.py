"""Conditions as data: a tree, checked when it is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.api.forms import Form, Moment
from hub.api.names import TeamId
from services.campaigns.classes.models import SCORES, ClassKind, check_class

DEEP, MOST = 10, 200
"""Levels and conditions of one tree."""
Did = Literal["wrote", "called", "got", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained"]
"""What a client did, or what befell him."""
Compared = Literal["is", "is_not", "contains", "starts", "any_of", "above", "below", "set", "not_set"]
CARD = ("name", "time_zone", "language", "owner", "team", "opened_at", "status", "kind", "given_name", "surname")
"""Fields of a client's card that have a name of their own; `custom.X` and `classes.X` are asked for by theirs."""
_KINDS = ("all", "any", "negated", "field", "tag", "has", "did", "silent_days", "classed", "segment", "list")
_FIELD = Annotated[str, StringConstraints(pattern=r"^(custom\.|classes\.)?[a-z][a-z0-9_]{0,60}$")]


class Condition(Form):
    """One of: all, any, not; field; has; did; silent_days; class; segment; list."""

    all: tuple["Condition", ...] | None = Field(default=None, max_length=50)
    any: tuple["Condition", ...] | None = Field(default=None, max_length=50)
    negated: "Condition | None" = Field(default=None, alias="not")

    field: _FIELD | None = Field(default=None, description="Of the card: name, status, owner, custom.size, …")
    compare: Compared = "is"
    value: str | float | bool | tuple[str, ...] | None = None
    tag: str | None = Field(default=None, max_length=100, description="He has it")
    has: Literal["email", "sms", "telegram", "post"] | None = Field(
        default=None, description="He can be reached by it"
    )

    did: Did | None = None
    mailing: str | None = Field(default=None, max_length=100, description="By or of this mailing alone")
    times: int = Field(default=1, ge=1, le=10_000, description="At least so often")
    within_days: int | None = Field(default=None, ge=1, le=36_500)
    since: Moment | None = None
    until: Moment | None = None
    silent_days: int | None = Field(
        default=None, ge=1, le=36_500, description="Wrote, called, clicked and opened nothing for so long"
    )

    classed: ClassKind | None = Field(default=None, alias="class", description="His class in the newest run")
    of: str | None = Field(default=None, max_length=100, description="The classification")
    moved_from: str | None = Field(
        default=None, max_length=20, description="He was of this class in the newest run up to `since`"
    )

    segment: str | None = Field(default=None, max_length=100)
    list: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            names = _told(given) or "none"
            raise ValueError(f"a condition is one of {_told(_KINDS)}; this has {names}")
        if self.field is not None:
            _check_field(self.field, self.compare, self.value)
        if self.classed is not None:
            _check_class(self)
        return self

    @property
    def below(self) -> Iterator["Condition"]:
        yield from (*(self.all or ()), *(self.any or ()), *([self.negated] if self.negated else []))

    def each(self) -> Iterator["Condition"]:
        """It and all below it."""
        yield self
        for one in self.below:
            yield from one.each()

    def depth(self) -> int:
        return 1 + max((one.depth() for one in self.below), default=0)


def _told(kinds: Sequence[str]) -> str:
    return ", ".join(kinds).replace("negated", "not").replace("classed", "class")


def _check_class(one: Condition) -> None:
    kind, compared = one.classed or "", one.compare in ("is", "is_not", "any_of")
    if not one.of:
        raise ValueError("of: required where a class is asked for: the id of a classification")
    if (one.moved_from is None) != (one.since is None):
        raise ValueError("moved_from and since: both, or none of them")
    if one.compare in ("set", "not_set"):
        return
    if not compared and (kind not in SCORES or one.compare not in ("above", "below")):
        raise ValueError(f"compare: {kind} is not compared by {one.compare}")
    if (one.compare == "any_of") != isinstance(one.value, tuple) or one.value is None:
        raise ValueError("value: any_of takes a list, all others one value")
    for value in one.value if isinstance(one.value, tuple) else (one.value,):
        check_class(kind, as_text(value))
    if one.moved_from:
        check_class(kind, one.moved_from)


def as_text(value: str | float | bool) -> str:
    """A value as the tables have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _check_field(name: str, compare: Compared, value: Any) -> None:
    if not name.startswith(("custom.", "classes.")) and name not in CARD:
        raise ValueError(f"field: there is no {name}; there are {', '.join(CARD)}, custom.NAME, classes.NAME")
    if compare in ("set", "not_set"):
        return
    if value is None:
        raise ValueError(f"value: required where {name} is compared by {compare}")
    if (compare == "any_of") != isinstance(value, tuple):
        raise ValueError("value: any_of takes a list, all others one value")
    if name == "opened_at" and compare in ("above", "below"):
        datetime.fromisoformat(str(value))


def check_tree(tree: Condition) -> Condition:
    """Raises ValueError for one that is too large."""
    if tree.depth() > DEEP:
        raise ValueError(f"conditions are nested more than {DEEP} deep")
    if (count := sum(1 for _ in tree.each())) > MOST:
        raise ValueError(f"{count} conditions, over the limit of {MOST}")
    return tree


_EXAMPLE: dict[str, Any] = {
    "name": "Интересовались весной",
    "include": {
        "all": [
            {"has": "email"},
            {
                "any": [
                    {"did": "clicked", "within_days": 90},
                    {"field": "custom.size", "compare": "above", "value": 10},
                ]
            },
            {"not": {"silent_days": 365}},
        ]
    },
    "exclude": {"field": "status", "value": "competitor"},
}


class NewSegment(Form):
    """Who is meant: those for whom `include` holds and `exclude` does not."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    include: Condition
    exclude: Condition | None = None
    watched: bool = Field(default=False, description="That somebody enters or leaves it is told, within seconds")
    team: TeamId | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for tree in filter(None, (self.include, self.exclude)):
            check_tree(tree)
        return self


class SegmentChange(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"watched": True}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    include: Condition | None = None
    exclude: Condition | None = None
    watched: bool | None = None
    team: TeamId | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for tree in filter(None, (self.include, self.exclude)):
            check_tree(tree)
        return self


class Draft(Form):
    """Conditions that are being written."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"include": {"has": "sms"}}]})
    include: Condition
    exclude: Condition | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for tree in filter(None, (self.include, self.exclude)):
            check_tree(tree)
        return self
