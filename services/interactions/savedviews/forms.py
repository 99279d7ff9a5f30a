"""Saved views of the inbox, as they are written and shown."""

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.api.names import TeamId
from hub.contracts.client import Awaits, ChainState
from hub.contracts.shown import View
from services.interactions.chains.queues import View as Queue
from services.interactions.whose import WhoseForm, WhoseView


class Shows(Form):
    """Which chains: those that fit all of it."""

    view: Queue | None = Field(default=None, description="A queue, as in GET /api/v1/queues")
    state: ChainState | None = None
    owner: str | None = Field(default=None, min_length=1, max_length=63, examples=["anna"])
    team: TeamId | None = Field(default=None, description="Empty: those that no team has to do with")
    tag: str | None = Field(default=None, min_length=1, max_length=60, examples=["кухня"])
    awaits: Awaits | None = Field(default=None, description="Who has the next word")


class SavedViewForm(WhoseForm):
    """A name for a list of chains that is looked at often."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Кухни ждут ответа", "shows": {"tag": "кухня", "awaits": "answer"}}]
        }
    )
    title: str = Field(min_length=1, max_length=60)
    shows: Shows


class SavedView(WhoseView):
    title: str
    shows: Shows


class CountedView(SavedView):
    count: int = Field(description="Chains in it that you see, counted up to 100")
    more: bool = Field(description="There are more")


class SavedViewList(View):
    items: list[CountedView]
