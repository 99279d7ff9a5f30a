"""The touches behind a source's number of leads: who came, when, and by what it is known."""

from datetime import UTC
from typing import Annotated

from fastapi import Query
from pydantic import Field

from hub.api.actor import Acting
from hub.api.forms import View
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedWords
from hub.contracts.shown import Moment
from services.campaigns.attribution.models import Period
from services.campaigns.attribution.report import Tree
from services.campaigns.attribution.service import Attribution
from services.campaigns.segments.projection import Row


class TouchedQuery(Period):
    """Whose touches, of which time."""

    source: str = Field(default="", max_length=100, description="With all below it; empty: of every source")
    leads: bool = Field(default=False, description="Only the first contacts of new people: what a report counts")
    limit: int = Field(default=200, ge=1, le=2_000)


class TouchView(View):
    """Somebody met a source."""

    id: str
    client: str | None = Field(description="None: a visitor of whom no more is known")
    path: list[str]
    at: Moment
    kind: str
    value: MaskedWords
    interaction: str | None
    lead: bool

    @classmethod
    def of(cls, row: Row, tree: Tree) -> "TouchView":
        told, client, node, at, kind, value, interaction, lead = row
        return cls(
            id=told,
            client=client,
            path=[one.name for one in tree.path(node)],
            at=at.replace(tzinfo=UTC),
            kind=kind,
            value=value,
            interaction=interaction or None,
            lead=lead,
        )


class TouchList(View):
    items: list[TouchView]


def add(routes: Public, attribution: Attribution) -> None:
    @routes.get("/attribution/touches", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def touches_behind(query: Annotated[TouchedQuery, Query()], actor: Acting) -> TouchList:
        """The touches of a source, of the clients that you see; `leads`: those that a report counts."""
        rows, tree = await attribution.touched(query, actor, source=query.source, leads=query.leads, most=query.limit)
        return TouchList(items=[TouchView.of(row, tree) for row in rows])
