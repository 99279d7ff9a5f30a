"""How clients are classed, as people say it: what is measured, over which time, and where the limits are."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Moment, Ref
from hub.api.names import TeamId

Measure = Literal["revenue", "deals", "interactions"]
ClassKind = Literal["abc", "xyz", "bcg", "recency", "frequency", "monetary"]
LETTERS: dict[str, tuple[str, ...]] = {
    "abc": ("A", "B", "C"),
    "xyz": ("X", "Y", "Z"),
    "bcg": ("star", "cash_cow", "question", "dog"),
}
"""The values of classes that have names; the others are scores from 1, the best last."""
SCORES = ("recency", "frequency", "monetary")
BEST = 10
"""The highest score there can be."""
KINDS = (*LETTERS, *SCORES)
Percent = Annotated[Decimal, Field(gt=0, le=1_000, max_digits=6, decimal_places=2)]
Share = Annotated[Decimal, Field(gt=0, lt=100, max_digits=4, decimal_places=2)]


class AbcLimits(Form):
    """Of all that the measure comes to: up to where one is A, and up to where B, the largest first."""

    a: Share = Decimal(80)
    b: Share = Decimal(95)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.a >= self.b:
            raise ValueError("b is to be above a: both count from the largest client on")
        return self


class XyzLimits(Form):
    """How much the parts of the period vary (standard deviation by mean): up to where one is X, and up to where Y."""

    x: Percent = Decimal(10)
    y: Percent = Decimal(25)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.x >= self.y:
            raise ValueError("y is to be above x")
        return self


class BcgLimits(Form):
    """From where a client is large, in percent of the mean client, and from where he grows, against the period
    before.
    """

    size: Percent = Decimal(100)
    growth: Percent = Decimal(10)


class ClassLimits(Form):
    """All of them."""

    abc: AbcLimits = AbcLimits()
    xyz: XyzLimits = XyzLimits()
    bcg: BcgLimits = BcgLimits()
    rfm: tuple[Share, ...] = Field(
        default=(Decimal(20), Decimal(40), Decimal(60), Decimal(80)),
        min_length=1,
        max_length=BEST - 1,
        description="Shares of clients at which a score goes up by one, the least first",
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.rfm) != sorted(set(self.rfm)):
            raise ValueError("rfm: the shares are to rise, as [20, 40, 60, 80]")
        return self


class NewClassification(Form):
    """By what clients are classed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "По выручке за год", "measure": "revenue", "days": 365}]}
    )
    name: str = Field(min_length=1, max_length=200)
    measure: Measure = "revenue"
    days: int = Field(default=365, ge=1, le=3_700, description="How long the period is; it ends when it is counted")
    parts: int = Field(default=12, ge=2, le=60, description="Equal parts of the period, for XYZ")
    limits: ClassLimits = ClassLimits()
    team: TeamId | None = None

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days)


class NewClassRun(Form):
    """When the period ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2026-03-01T00:00:00+03:00"}]})
    until: Moment | None = Field(default=None, description="None: now")


def check_class(kind: str, value: str) -> None:
    """Raises ValueError for what is no class of this kind."""
    if kind in LETTERS and value not in LETTERS[kind]:
        raise ValueError(f"value: {kind} is one of {', '.join(LETTERS[kind])}")
    if kind in SCORES and value not in map(str, range(1, BEST + 1)):
        raise ValueError(f"value: {kind} is a whole number from 1 to {BEST}")


class NewClassCorrection(Form):
    """What a client is, whatever is counted, until it is released."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"client": "cl_4k2m", "kind": "abc", "value": "A", "why": "подписан договор на 2027 год"}]
        }
    )
    client: Ref
    kind: ClassKind
    value: str = Field(max_length=20)
    why: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_class(self.kind, self.value)
        return self


class ClassRelease(Form):
    """From now on what is counted holds again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client": "cl_4k2m", "kind": "abc"}]})
    client: Ref
    kind: ClassKind


class RunQuery(Form):
    run: str | None = Field(default=None, max_length=100, description="None: the newest")


class MovesQuery(Form):
    """Two runs that are compared."""

    kind: ClassKind = "abc"
    before: str = Field(max_length=100, description="The earlier run", examples=["run_7f2k"])
    after: str | None = Field(default=None, max_length=100, description="None: the newest run")


def basis(percent: Any) -> int:
    """A percentage in hundredths of a percent: whole numbers divide nothing away."""
    return int(Decimal(percent) * 100)
