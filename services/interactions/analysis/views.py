"""What the analysis of contacts shows."""

from pydantic import Field

from hub.contracts.shown import Moment, View

SHOWN = 20
"""Ids in a row."""
_MORE = "There are more than are counted; see the documentation for how many that is"


class SilentRow(View):
    owner: str | None = Field(description="Login of the manager; null: nobody's")
    count: int
    since: Moment = Field(description="The longest silence began then")
    ids: tuple[str, ...] = Field(description="Of the clients that are silent for longest, up to 20")


class SilentClients(View):
    items: list[SilentRow] = Field(description="The most first")
    total: int
    more: bool = Field(description=_MORE)


class UnansweredRow(View):
    owner: str | None = Field(description="Login of the manager; null: nobody has taken them")
    team: str | None
    count: int
    since: Moment = Field(description="The oldest is unanswered since then")
    ids: tuple[str, ...] = Field(description="Of the chains that wait for longest, up to 20")


class UnansweredChains(View):
    items: list[UnansweredRow] = Field(description="The most first")
    total: int
    more: bool = Field(description=_MORE)


class PlanFactRow(View):
    """Contacts of one employee, by what they were planned as and what became of them."""

    login: str
    planned: int = Field(description="All that were planned for this time")
    held: int
    cancelled: int = Field(description="Not held")
    overdue: int = Field(description="Their time is over, and nobody said what became of them")
    ahead: int = Field(description="Their time is not over")
    minutes_planned: int = Field(description="Of those that were held")
    minutes_held: int = Field(description="Of those: as long as they were")


class PlanFact(View):
    items: list[PlanFactRow] = Field(description="By login; a contact of two employees counts for each")
    more: bool = Field(description=_MORE)
