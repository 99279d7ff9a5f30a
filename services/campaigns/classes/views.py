"""What is answered about classes."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from hub.api.forms import View
from hub.contracts.masks import MaskedWords
from hub.store.base import Document
from services.campaigns.classes.looking import Group, Mover
from services.campaigns.classes.models import ClassKind, ClassLimits, Measure


class ClassificationView(View):
    """By what clients are classed."""

    id: str
    name: str
    measure: Measure
    days: int
    parts: int
    limits: ClassLimits
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "ClassificationView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class ClassificationList(View):
    items: list[ClassificationView]
    next: str | None


class WithoutRateView(View):
    """Revenue that has no rate to the currency of reports: it is in no class."""

    currency: str
    value: Decimal
    times: int


class ClassRunView(View):
    """Classes as of a moment."""

    id: str
    classification: str
    state: Literal["counting", "done", "failed"]
    reason: str = Field(description="Why it failed")
    until: str = Field(description="When the period ended")
    by: str
    at: str
    clients: int | None = Field(description="How many did anything in the period, of those whom `by` sees")
    left_out: list[WithoutRateView]

    @classmethod
    def of(cls, stored: Document) -> "ClassRunView":
        names = ("currency", "value", "times")
        left_out = [dict(zip(names, one, strict=True)) for one in stored["unworth"]]
        return cls.model_validate({**stored, "id": stored["_id"], "left_out": left_out})


class ClassRunList(View):
    items: list[ClassRunView]
    next: str | None


class ClassGroupView(View):
    """Clients who are of the same classes; of a client who was corrected by hand some may be empty."""

    classes: dict[str, str] = Field(examples=[{"abc": "A", "xyz": "X"}])
    count: int
    amount: Decimal = Field(description="What they brought: revenue, deals or interactions")

    @classmethod
    def of(cls, group: Group) -> "ClassGroupView":
        return cls(classes=dict(group.classes), count=group.count, amount=group.amount)


class ClassMatrixView(View):
    """How many clients are what, of those that you see."""

    run: ClassRunView
    abc_xyz: list[ClassGroupView]
    bcg: list[ClassGroupView]
    rfm: list[ClassGroupView]


class ClassMoveView(View):
    before: str = Field(description="Empty: he was in no class", examples=["A"])
    after: str = Field(examples=["B"])
    count: int


class ClassMoverView(View):
    id: str
    name: MaskedWords
    before: str
    after: str

    @classmethod
    def of(cls, one: Mover) -> "ClassMoverView":
        return cls(id=one.id, name=one.name, before=one.was, after=one.now)


class ClassMovesView(View):
    """Between two runs, of the clients that you see."""

    moves: list[ClassMoveView] = Field(description="Those who stayed what they were among them")
    clients: list[ClassMoverView] = Field(description="The first 100 who are something else")


class CorrectionWordView(View):
    """A correction: what somebody said, and until when it held."""

    value: str
    by: str
    why: MaskedWords
    since: str
    until: str | None = None
    released_by: str | None = None


class ClassCorrectionView(View):
    client: str
    kind: ClassKind
    words: list[CorrectionWordView] = Field(description="The newest last")

    @classmethod
    def of(cls, stored: Document) -> "ClassCorrectionView":
        return cls.model_validate(stored)


class ClassCorrectionList(View):
    items: list[ClassCorrectionView]
    next: str | None


class ClassesThenView(View):
    run: str
    until: str
    classes: dict[str, str] = Field(examples=[{"abc": "A", "xyz": "Y", "recency": "5"}])


class ClientCorrectionView(CorrectionWordView):
    kind: ClassKind


class ClassStoryView(View):
    """What a client was by one classification."""

    classification: str
    name: str
    runs: list[ClassesThenView] = Field(description="The newest 12, the newest first, with what was corrected then")
    corrections: list[ClientCorrectionView]


class ClassStoryList(View):
    items: list[ClassStoryView] = Field(description="Of the newest 20 classifications")
