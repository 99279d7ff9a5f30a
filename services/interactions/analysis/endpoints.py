"""The analysis of contacts over HTTP."""

from typing import Annotated

from fastapi import Query

from hub.api.actor import Acting
from hub.api.public import Public
from hub.api.rights import Right
from services.interactions.analysis.forms import PlanFactQuery, SilentQuery, UnansweredQuery
from services.interactions.analysis.service import Analysis
from services.interactions.analysis.views import PlanFact, SilentClients, UnansweredChains


def add(routes: Public, analysis: Analysis) -> None:
    @routes.get("/analysis/silent-clients", right=Right.READ_CORRESPONDENCE, noun="client")
    async def count_silent_clients(query: Annotated[SilentQuery, Query()], actor: Acting) -> SilentClients:
        """Clients without any interaction for some days, by manager, of those that you see.

        5,000 are counted at most: those that are silent for longest; for who sees some clients alone, of his newest.
        """
        return await analysis.silent(query, actor=actor)

    @routes.get("/analysis/unanswered", right=Right.READ_CORRESPONDENCE, noun="chain")
    async def count_unanswered_chains(query: Annotated[UnansweredQuery, Query()], actor: Acting) -> UnansweredChains:
        """Open chains in which we owe an answer for some hours, by manager and team, of those that you see.

        5,000 are counted at most: those that wait for longest; for who sees some chains alone, of his newest.
        """
        return await analysis.unanswered(query, actor=actor)

    @routes.get("/analysis/plan-fact", right=Right.READ_CORRESPONDENCE, noun="interaction")
    async def compare_plan_and_fact(query: Annotated[PlanFactQuery, Query()], actor: Acting) -> PlanFact:
        """Contacts that were planned for a time against what became of them, by employee, as you see them whole.

        The first 5,000 of that time are counted.
        """
        return await analysis.plan_fact(query, actor=actor)
