"""Our lines."""

from typing import Annotated

from fastapi import Query, Response

from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from services.telephony.lines.models import LineChange, LineInput, LinePage, LineView
from services.telephony.lines.service import LinesService


def add(routes: Public, lines: LinesService) -> None:
    @routes.get("/lines", right=Right.READ_CHANNELS, noun="line", answer=LinePage)
    async def list_lines(query: Annotated[Paging, Query()]) -> Response:
        """Our telephone numbers."""
        return await listed(
            lambda limit: lines.page(limit=limit, after=query.after), each(LineView.of), limit=query.limit
        )

    @routes.post("/lines", right=Right.MANAGE_CHANNELS, noun="line", status=201, refuses=[Conflict])
    async def add_line(given: LineInput) -> LineView:
        """Add a number that customers dial, or are shown."""
        return LineView.of(await lines.add(given))

    @routes.get("/lines/{id}", right=Right.READ_CHANNELS, noun="line")
    async def show_line(line_id: Id) -> LineView:
        """One line."""
        return LineView.of(await lines.get(line_id))

    @routes.patch("/lines/{id}", right=Right.MANAGE_CHANNELS, noun="line", refuses=[Conflict])
    async def change_line(line_id: Id, change: LineChange) -> LineView:
        """Change a line; it counts for calls from then on."""
        return LineView.of(await lines.change(line_id, change))

    @routes.delete("/lines/{id}", right=Right.MANAGE_CHANNELS, noun="line", status=204)
    async def remove_line(line_id: Id) -> None:
        """It is no line of ours any more; its calls stay."""
        await lines.remove(line_id)
