"""Topics of what is sent, and what somebody says of his consent."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from hub.api.forms import Form
from hub.api.names import TeamId

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Channel = Literal["email", "sms", "telegram"]
State = Literal["given", "withdrawn"]
LANGUAGES = ("ru", "en")
"""That pages for customers are in."""
_NEWS: dict[str, Any] = {
    "title": {"ru": "Новости и акции", "en": "News and offers"},
    "requires": "given",
}


class TopicForm(Form):
    """Something that people are written to about, and may say yes or no to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEWS]})
    title: dict[Literal["ru", "en"], str] = Field(min_length=1, description="As customers read it")
    requires: Literal["given", "not_withdrawn"] = Field(
        default="given",
        description="given: who said yes is written to; not_withdrawn: whoever did not say no, as a customer may be",
    )
    basis: str = Field(
        default="", max_length=500, description="On what ground who said nothing is written to, for not_withdrawn"
    )
    text_version: str = Field(default="", max_length=100, description="Of the words that people agree to")
    team: TeamId | None = None


class NewTopic(TopicForm):
    """A topic and its name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "news", **_NEWS}]})
    id: TopicId


class Word(Form):
    """What somebody said to us, or wrote on paper."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"address": "email:anna@example.com", "topic": "news", "state": "given", "words": "анкета № 17"},
                {"address": "phone:+79161234567", "state": "withdrawn", "words": "«больше не звоните»"},
            ]
        }
    )
    address: str = Field(min_length=3, max_length=400, examples=["email:anna@example.com"])
    topic: TopicId | None = Field(default=None, description="None: all that is sent in the channel")
    state: State
    words: str = Field(min_length=1, max_length=500, description="What he said, or where it is written")
    source: Literal["employee", "form", "import"] = "employee"


class Invitation(Form):
    """Asks somebody by mail whether he means it: his yes counts when he confirms it on our page."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"address": "anna@example.com", "topic": "news", "account": "mb_7f2k"}]}
    )
    address: str = Field(min_length=3, max_length=254)
    topic: TopicId
    account: str = Field(max_length=100, description="The mailbox that asks")
    language: Literal["ru", "en"] = "ru"
