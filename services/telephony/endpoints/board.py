"""The supervisor's board."""

from typing import Annotated

from fastapi import Query

from hub.api.actor import Acting
from hub.api.public import Public
from hub.api.rights import Right
from services.telephony.board.models import Board, BoardQuery
from services.telephony.board.service import Boards


def add(routes: Public, boards: Boards) -> None:
    @routes.get("/call-board", right=Right.READ_CORRESPONDENCE, noun="agent")
    async def call_board(query: Annotated[BoardQuery, Query()], actor: Acting) -> Board:
        """Agents by state, calls that go on, queues, service level and drops, as of now and as far as you see them.

        Ask anew when the live stream tells `board.moved.v1`.
        """
        return await boards.of(query, actor)
