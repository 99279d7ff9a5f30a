"""Notifications as the API shows them, and what somebody says about how he wants to be told."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Moment, Paging, Ref
from hub.contracts.masks import MaskedWords
from hub.contracts.notification import NotificationKind, Way
from hub.contracts.shown import View
from services.interactions.notifications.models import KINDS, MOST

_MUTED = 200
_MAIL = r"^([^@\s<>,;]{1,64}@[^@\s<>,;]{1,255}\.[^@\s<>,;.]{2,})?$"


class NotificationQuery(Paging):
    unread: bool | None = Field(default=None, description="Those that you have not read; none: all")


class NotificationView(View):
    id: str
    kind: NotificationKind
    at: Moment
    by: str = Field(default="", description="Login of whoever caused it; none: a client, a rule, or the time")
    what: str = Field(description="Id of the interaction, chain or task")
    chain_id: str | None = None
    task_id: str | None = None
    client_id: str | None = None
    client_name: MaskedWords = ""
    title: MaskedWords = Field(default="", description="Of the chain or task, as it is now")
    words: MaskedWords = Field(default="", description="The beginning of what it says, where you see that")
    ways: tuple[Way, ...]
    read_at: Moment | None


class NotificationList(View):
    items: list[NotificationView]
    next: str | None


class UnreadView(View):
    unread: int = Field(description=f"As many as GET /api/v1/notifications?unread=true lists, at most {MOST}")


class ReadNotifications(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": ["nt_4k2m"]}, {"all": True}]})
    ids: tuple[Ref, ...] = Field(default=(), max_length=MOST)
    all: bool = False
    read: bool = Field(default=True, description="False: they count as unread again")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.ids) is self.all:
            raise ValueError("give ids, or else all: true")
        return self


Ways = Annotated[tuple[Way, ...], Field(max_length=4)]


class PreferencesForm(Form):
    """How you want to be told; of kinds that are not named nothing changes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ways": {"mention": ["page", "mail"]}, "mail": "anna@example.com"}]}
    )
    ways: dict[NotificationKind, Ways] = Field(default_factory=dict, max_length=len(KINDS))
    teams: tuple[Ref, ...] | None = Field(
        default=None, max_length=_MUTED, description="Muted: you are told of their chains and tasks no more"
    )
    accounts: tuple[Ref, ...] | None = Field(
        default=None, max_length=_MUTED, description="Muted: what clients write to them"
    )
    mail: str | None = Field(
        default=None, max_length=320, pattern=_MAIL, description="Where mails go; empty: nowhere"
    )


class PreferencesView(View):
    ways: dict[NotificationKind, tuple[Way, ...]]
    teams: tuple[str, ...]
    accounts: tuple[str, ...]
    mail: str
    can_mail: bool = Field(description="Whether the hub has an account for such mails: [interactions] notify_account")
