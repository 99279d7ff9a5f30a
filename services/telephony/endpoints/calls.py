"""Calls that go on are handed on; those that are over are counted."""

from typing import Annotated

from fastapi import Query

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from services.telephony.errors import ExchangeRefused
from services.telephony.statistics.models import Statistics, StatisticsQuery
from services.telephony.statistics.service import Counts
from services.telephony.transfers.models import TransferInput, TransferView
from services.telephony.transfers.service import Transfers


def add(routes: Public, transfers: Transfers, counts: Counts) -> None:
    @routes.post(
        "/calls/{id}/transfer",
        right=Right.WRITE_MESSAGES,
        noun="call",
        action="transfer",
        refuses=[Conflict, ExchangeRefused],
    )
    async def transfer_call(call_id: Id, given: TransferInput, actor: Acting) -> TransferView:
        """Hand a call that you are in on to a colleague; `id` is that of its interaction. He has your note when it
        rings, and both of you take part in it.
        """
        done = await transfers.hand_on(call_id, given, actor)
        return TransferView(interaction_id=call_id, to=given.to, kind=given.kind, answer=done["words"])

    @routes.get("/call-statistics", right=Right.READ_CORRESPONDENCE, noun="call")
    async def count_calls(query: Annotated[StatisticsQuery, Query()], actor: Acting) -> Statistics:
        """How calls that came in went, by line, operator, queue or hour, with waits and service level."""
        return await counts.of(query, actor.reach)
