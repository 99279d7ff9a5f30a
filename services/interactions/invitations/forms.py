"""Whom to invite from which mailbox, and what to answer to an invitation."""

from typing import Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form


class InvitationForm(Form):
    """By mail goes to everybody of the contact who has a mail address and is not ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account": "mb_7f2k", "text": "Ждём вас!"}]})
    account: str = Field(min_length=1, max_length=100, description="The mailbox of ours that invites")
    text: str = Field(default="", max_length=20_000, description="Above what, when and where")


class RsvpForm(Form):
    """What we answer; accepted, it stands in your calendar."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "accepted"}]})
    answer: Literal["accepted", "declined", "tentative"]
    text: str = Field(default="", max_length=4_000)
