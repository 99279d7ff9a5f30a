"""What the board shows."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from hub.api.forms import Form, View
from services.telephony.agents.models import AgentView


class BoardQuery(Form):
    """Over which time the service level is counted."""

    minutes: int = Field(default=60, ge=1, le=1_440, description="Calls that came in so long ago at most are counted")


class BoardCall(View):
    """A call that goes on."""

    id: str = Field(description="Of its interaction")
    direction: str
    line: str | None
    state: Literal["ringing", "queued", "talking"]
    since: datetime
    login: str | None = Field(description="Who speaks with the customer")
    queue: str | None


class BoardQueue(View):
    name: str
    waiting: int
    longest: float = Field(description="Seconds for which the first of them waits")


class BoardLevel(View):
    """Of calls that came in by lines that you see, and are over."""

    calls: int
    answered: int
    abandoned: int
    within_level: int
    service_level: float | None


class BoardList(View):
    """A call list that dials by itself, by a line that you see."""

    call_list: str
    ringing: int
    waiting: int = Field(description="Who answered and is not put through yet")
    talking: int
    answered: int
    dropped: int
    drop_rate: float = Field(description="Of those answered, over the whole list")


class Board(View):
    """All of it as of `at`."""

    at: datetime
    by_state: dict[str, int] = Field(description="Agents; of `agents`")
    agents: list[AgentView]
    calls: list[BoardCall]
    queues: list[BoardQueue]
    level: BoardLevel
    lists: list[BoardList]
    complete: bool = Field(description="False: more agents or calls than are shown, 500 each")
