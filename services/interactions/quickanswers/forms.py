"""Quick answers, as they are written and shown."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from hub.contracts.masks import MaskedWords
from hub.contracts.shown import View
from services.interactions.quickanswers.words import NAMES, check
from services.interactions.whose import WhoseForm, WhoseView

_TEXT = 10_000
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", examples=["ru"])]
Text = Annotated[str, Field(min_length=1, max_length=_TEXT), AfterValidator(check)]


class QuickAnswerForm(WhoseForm):
    """Words for what is asked often."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Срок доставки",
                    "texts": {"ru": "{{ first_name | Здравствуйте }}, доставим за два дня."},
                    "shortcut": "срок",
                }
            ]
        }
    )
    title: str = Field(min_length=1, max_length=200)
    shortcut: str = Field(default="", max_length=40, pattern=r"^\S*$", description="What one types to find it first")
    texts: dict[Language, Text] = Field(
        min_length=1, max_length=20, description=f"By language (ISO 639); places to fill in: {', '.join(NAMES)}"
    )


class QuickAnswerView(WhoseView):
    title: str
    shortcut: str
    texts: dict[str, str]


class QuickAnswerList(View):
    items: list[QuickAnswerView]


class FilledView(View):
    """A quick answer as this chain fills it in."""

    id: str
    title: str
    shortcut: str
    language: str
    text: MaskedWords


class FilledList(View):
    items: list[FilledView] = Field(description="Those whose shortcut is asked for first; at most 50")
