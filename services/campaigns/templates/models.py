"""What a marketer gives as a template."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from hub.api.forms import Form
from hub.api.names import TeamId

Channel = Literal["email", "sms", "telegram", "post"]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
"""As `ru`, `en`, `pt-BR`."""
MOST_LANGUAGES = 10
_EXAMPLE: dict[str, Any] = {
    "name": "Весна",
    "channel": "email",
    "bodies": {
        "ru": {
            "subject": "{{ first_name | default('Здравствуйте') }}, скидка до пятницы",
            "html": '<p>Смотрите <a href="https://example.com/sale">сюда</a>.</p>'
            '<p><a href="{{ unsubscribe_url }}">Отписаться</a></p>',
        }
    },
}


class Body(Form):
    """What it says in one language: `text`; a mail has a subject, and `html` or `mjml`; a letter may have one."""

    subject: str = Field(default="", max_length=500)
    preheader: str = Field(default="", max_length=300, description="Shown behind the subject in lists of mails")
    mjml: str = Field(default="", max_length=300_000, description="MJML 4; it becomes HTML for all mail programs")
    html: str = Field(default="", max_length=300_000)
    text: str = Field(default="", max_length=100_000, description="A mail's plain part; made from the page if empty")

    @model_validator(mode="after")
    def _one_page(self) -> Self:
        if self.mjml and self.html:
            raise ValueError("give html or mjml, not both")
        return self


class NewTemplate(Form):
    """A template in its languages. Variables are `{{ first_name }}`, `{{ data.city }}`; see docs/mailings.md."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    folder: str = Field(default="", max_length=200)
    channel: Channel
    language: Language = Field(default="ru", description="Of those whose own is not known, or not among the bodies")
    bodies: dict[Language, Body] = Field(min_length=1, max_length=MOST_LANGUAGES)
    team: TeamId | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.language not in self.bodies:
            raise ValueError(f"language: bodies have no {self.language}; choose of {', '.join(self.bodies)}")
        for language, body in self.bodies.items():
            _check(self.channel, language, body)
        return self


def _check(channel: str, language: str, body: Body) -> None:
    if channel == "email" and not body.subject.strip():
        raise ValueError(f"bodies.{language}.subject: a mail needs one")
    heading = channel != "post" and body.subject
    if channel != "email" and (heading or body.html or body.mjml or body.preheader):
        besides = "a heading (subject) and a text" if channel == "post" else "a text"
        raise ValueError(f"bodies.{language}: a message by {channel} has {besides} and nothing else")
    if channel != "email" and not body.text.strip():
        raise ValueError(f"bodies.{language}.text: required; add it")


class TemplateChange(Form):
    """What is not given stays. With other `bodies` it is a new version; what was sent keeps its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Весна 2026"}, {"folder": "Акции"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    folder: str | None = Field(default=None, max_length=200)
    language: Language | None = None
    bodies: dict[Language, Body] | None = Field(default=None, min_length=1, max_length=MOST_LANGUAGES)
    team: TeamId | None = None
