"""A form on a page as a marketer writes it: its fields, consent, source, pages, and whose task a lead is."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import Colleague, TeamId
from services.campaigns.consent.models import TopicId

Language = Literal["ru", "en"]
MOST_FIELDS, MOST_ORIGINS = 20, 20
LONGEST = {"name": 200, "phone": 60, "email": 254, "text": 5_000}
"""Characters of what is typed in; of other fields `OTHER`."""
OTHER = 500
OURS = tuple(LONGEST)
"""Fields that mean something; what is typed into others becomes a line of the text."""
Label = Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1)]
Origin = Annotated[str, Field(max_length=300, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
Words = Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=500)]], Field(min_length=1)]
_EXAMPLE: dict[str, Any] = {
    "name": "Заявка на замер",
    "title": {"ru": "Закажите замер", "en": "Ask for a measurement"},
    "fields": [
        {"name": "name", "label": {"ru": "Имя", "en": "Name"}},
        {"name": "phone", "label": {"ru": "Телефон", "en": "Phone"}, "required": True},
    ],
    "languages": ["ru", "en"],
    "origins": ["https://shop.example"],
    "source": "src_7f2k",
    "assignee": "anna",
}


class FieldForm(Form):
    """Something that is typed in."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$", description="name, phone, email and text mean these")
    label: Label
    required: bool = False
    long: bool = Field(default=False, description="Several lines")


class ConsentForm(Form):
    """What is agreed to by a tick."""

    topic: TopicId
    words: Words
    required: bool = False


class LeadForm(Form):
    """All of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200, description="For colleagues")
    title: Words
    thanks: dict[Language, Annotated[str, Field(min_length=1, max_length=500)]] = Field(default={})
    fields: tuple[FieldForm, ...] = Field(min_length=1, max_length=MOST_FIELDS)
    consent: ConsentForm | None = None
    languages: tuple[Language, ...] = Field(
        default=("ru",), min_length=1, max_length=2, description="The first unless a page asks for another"
    )
    origins: tuple[Origin, ...] = Field(min_length=1, max_length=MOST_ORIGINS, description="Sites that may show it")
    source: Ref = Field(description="Of the directory; what is surer, as tags of the page, goes before it")
    assignee: Colleague = Field(default="", description="Who has a task for each lead")
    task: str = Field(default="", max_length=300, description="Its title; the form's name, unless it is given")
    open: bool = Field(default=True, description="false: it takes nothing")
    team: TeamId | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [one.name for one in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("fields: two have one name; give each its own")
        if not {"phone", "email"} & set(names):
            raise ValueError("fields: add phone or email; without an address nobody can be answered")
        if {"website", "token", "answer"} & set(names):
            raise ValueError("fields: website, token and answer are taken; name it otherwise")
        texts = [self.title, *(one.label for one in self.fields), *([self.consent.words] if self.consent else [])]
        if lacking := [one for one in self.languages if any(one not in words for words in texts)]:
            raise ValueError(f"languages: a title, a label or the consent has no words in {lacking[0]}; add them")
        return self
