"""Sources, what leads to them, and touches as people write them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form, Moment
from hub.api.names import TeamId

LEVELS = ("channel", "source", "campaign", "creative")
MarkKind = Literal["line", "start", "promo", "answer", "mailing"]
Ref = Field(max_length=100, pattern=r"^[A-Za-z0-9_-]{1,100}$")
_PATH: dict[str, Any] = {"channel": "paid", "source": "yandex", "campaign": "Весна"}


class SourcePath(Form):
    """A place in the directory: from the channel down to where it is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PATH]})
    channel: str = Field(min_length=1, max_length=200)
    source: str = Field(default="", max_length=200)
    campaign: str = Field(default="", max_length=200)
    creative: str = Field(default="", max_length=200)

    @property
    def names(self) -> tuple[str, ...]:
        """Up to the first that is not given."""
        given = (self.channel, self.source, self.campaign, self.creative)
        return given[: next((n for n, name in enumerate(given) if not name.strip()), len(given))]


class NewSource(SourcePath):
    """A source, with all above it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PATH, "reference": "direct-713"}]})
    reference: str = Field(default="", max_length=200, description="What it is called elsewhere")
    team: TeamId | None = None


class SourceChange(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Весна 2026"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    reference: str | None = Field(default=None, max_length=200)


class MergeSource(Form):
    """Another one of the same level, which is read from now on instead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "src_7f2k"}]})
    into: str = Ref


class NewMark(Form):
    """What shows a source: a number that is dialled, the payload of a link to a bot, a code, an answer, a mailing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "line", "value": "+74951234567", "source": "src_7f2k"},
                {"kind": "promo", "value": "ВЕСНА26", "source": "src_7f2k"},
            ]
        }
    )
    kind: MarkKind
    value: str = Field(min_length=1, max_length=200)
    source: str = Ref


class NewTouch(Form):
    """Somebody met a source: where he says, or somebody else knows, what no machine saw."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"whose": "cl_4k2m", "kind": "answer", "value": "радио", "path": _PATH}]}
    )
    whose: str = Field(min_length=1, max_length=300, description="Id of a client, or an address")
    kind: Literal["answer", "promo", "hand"] = "hand"
    value: str = Field(default="", max_length=200, description="The answer, or the code; a mark shows its source")
    source: str | None = Field(default=None, max_length=100)
    path: SourcePath | None = None
    at: Moment | None = None


class LeadConsent(Form):
    """He said yes."""

    topic: str = Field(max_length=41, pattern=r"^[a-z][a-z0-9_]{0,40}$")
    words: str = Field(min_length=1, max_length=500, description="What he agreed to")
    text_version: str = Field(default="", max_length=100, description="Of the words; that of the topic, if none")


class NewLead(Form):
    """Somebody who asks for something, from a form of yours or another program."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Анна",
                    "phone": "+7 916 123-45-67",
                    "text": "Перезвоните мне",
                    "url": "https://shop.example/?utm_source=yandex&utm_medium=cpc",
                    "external_id": "tilda-1871",
                }
            ]
        }
    )
    name: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=60)
    email: str = Field(default="", max_length=254)
    text: str = Field(default="", max_length=20_000)
    external_id: str = Field(default="", max_length=200, description="Of two with the same one the first counts")
    form: str = Field(default="api", pattern=r"^[A-Za-z0-9_-]{1,60}$", description="Which form or program")
    visitor: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$", description="As the page's snippet names him")
    url: str = Field(default="", max_length=8_000, description="Of the page with the form")
    referrer: str = Field(default="", max_length=8_000)
    promo: str = Field(default="", max_length=200)
    answer: str = Field(default="", max_length=200, description="How he heard of us")
    path: SourcePath | None = Field(default=None, description="Where the program knows the source")
    consent: LeadConsent | None = None
