"""What of an answer is kept while it is written."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.api.uploads import Upload
from hub.contracts.masks import MaskedAddress
from hub.contracts.shown import AttachmentView, Moment, View
from services.interactions.writing import MAX_LISTED

DraftKind = Literal["answer", "note"]
MAX_DRAFT = 200_000
_Addresses = Annotated[tuple[Annotated[str, Field(max_length=400)], ...], Field(max_length=MAX_LISTED)]


class DraftForm(Form):
    """The draft as it shall be; one that says nothing and has no files is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Здравствуйте, Анна! Уже", "version": 3}]})
    text: str = Field(default="", max_length=MAX_DRAFT)
    cc: _Addresses = ()
    bcc: _Addresses = ()
    reply_all: bool = False
    account: str | None = Field(default=None, max_length=100, description="Which of ours shall send it")
    attachments: tuple[Upload, ...] = Field(default=(), max_length=MAX_LISTED)
    version: int = Field(
        default=0, ge=0, description="Of the draft that was changed; 0: there was none. Another one is a conflict"
    )

    @property
    def says_nothing(self) -> bool:
        return not self.text.strip() and not self.attachments


class DraftView(View):
    chain_id: str
    kind: DraftKind
    login: str = Field(description="Who writes it")
    text: str
    cc: tuple[MaskedAddress, ...]
    bcc: tuple[MaskedAddress, ...]
    reply_all: bool
    account: str | None
    attachments: tuple[AttachmentView, ...]
    at: Moment = Field(description="When it was changed last")
    version: int


class DraftList(View):
    items: list[DraftView]
    next: str | None
