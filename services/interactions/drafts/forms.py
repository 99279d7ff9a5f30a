"""What of an answer is kept while it is written."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form, Paging
from hub.api.names import Colleague
from hub.api.uploads import Upload
from hub.contracts.draft import ReviewState
from hub.contracts.masks import MaskedAddress, MaskedWords
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


class ReviewForm(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reviewers": ["olga"], "version": 3}]})
    reviewers: tuple[Annotated[Colleague, Field(min_length=1)], ...] = Field(
        min_length=1, max_length=20, description="Any one of them approves it; each may read the chain from then on"
    )
    comment: str = Field(default="", max_length=2_000)
    version: int = Field(ge=1, description="Of the draft that they shall see")


class ApproveForm(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 3}]})
    version: int = Field(ge=1, description="Of the draft that you read: no other may leave")


class ReturnForm(ApproveForm):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 3, "comment": "Назовите срок"}]})
    comment: str = Field(min_length=1, max_length=2_000, description="What is to be otherwise")


class DraftQuery(Paging):
    review: bool = Field(default=False, description="Those of colleagues that wait for your approval")


class ApprovalView(View):
    state: ReviewState
    reviewers: tuple[str, ...]
    by: str | None = Field(default=None, description="Who decided")
    comment: MaskedWords = ""
    at: Moment


class DraftView(View):
    id: str
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
    approval: ApprovalView | None = Field(default=None, description="Where its author asked a second person")
    edited_by: str | None = Field(default=None, description="Who changed it last since")


class DraftList(View):
    items: list[DraftView]
    next: str | None
