"""What is linked, and how lists ask for it."""

from typing import Annotated, Self

from fastapi import Path
from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form
from hub.contracts.outcome import OutcomeKind

KIND = r"^[a-z][a-z0-9_]{0,39}$"
ID = r"^[A-Za-zА-Яа-яЁё0-9_-][A-Za-zА-Яа-яЁё0-9_.-]{0,99}$"
"""No point first: a path has no part of points alone, and such a link could not be taken back."""
OWN: tuple[OutcomeKind, ...] = ("deal", "claim")
"""Kinds whose records are here: they are looked at, and called as they are called."""
Kind = Annotated[str, Path(pattern=KIND, examples=["deal"])]
SubjectId = Annotated[str, Path(pattern=ID, description="Of the deal, claim, campaign, order, …")]
Asked = Annotated[
    str | None,
    Field(
        max_length=141,
        pattern=f"{KIND[:-1]}:{ID[1:]}",
        description="Linked to this: its kind and id",
        examples=["deal:deal_4k2m"],
    ),
]


class SubjectForm(Form):
    """A deal or a claim of the hub by its id alone; anything else with a title."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "order", "id": "118", "title": "Заказ № 118, кухня"}]}
    )
    kind: str = Field(pattern=KIND, examples=["deal"], description="deal, claim, campaign, or a word of your own")
    id: str = Field(pattern=ID)
    title: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _called(self) -> Self:
        if self.kind not in OWN and not self.title.strip():
            raise ValueError("title is missing; only deals and claims are known by their id")
        return self
