"""What carries our calls."""

from typing import Annotated

from fastapi import Query, Response

from hub.api.forms import Id, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.channels.trials import TrialView
from hub.kit.errors import Conflict
from services.telephony.exchanges.models import ExchangeChange, ExchangeInput, ExchangePage, ExchangeView
from services.telephony.exchanges.service import Exchanges


def add(routes: Public, exchanges: Exchanges) -> None:
    @routes.get("/exchanges", right=Right.READ_CHANNELS, noun="exchange", answer=ExchangePage)
    async def list_exchanges(query: Annotated[Paging, Query()]) -> Response:
        """Exchanges and providers of calls."""
        return await listed(
            lambda limit: exchanges.page(limit=limit, after=query.after), each(ExchangeView.of), limit=query.limit
        )

    @routes.post("/exchanges", right=Right.MANAGE_CHANNELS, noun="exchange", status=201, refuses=[Conflict])
    async def add_exchange(given: ExchangeInput) -> ExchangeView:
        """Add an exchange: the manager interface of an Asterisk, any one that posts, or Twilio. A login is tried."""
        return ExchangeView.of(await exchanges.add(given))

    @routes.get("/exchanges/{id}", right=Right.READ_CHANNELS, noun="exchange")
    async def show_exchange(exchange_id: Id) -> ExchangeView:
        """One exchange."""
        return ExchangeView.of(await exchanges.get(exchange_id))

    @routes.patch("/exchanges/{id}", right=Right.MANAGE_CHANNELS, noun="exchange", refuses=[Conflict])
    async def change_exchange(exchange_id: Id, change: ExchangeChange) -> ExchangeView:
        """Change an exchange; another login is tried first."""
        return ExchangeView.of(await exchanges.change(exchange_id, change))

    @routes.post("/exchanges/{id}/try", right=Right.MANAGE_CHANNELS, noun="exchange", action="try", repeatable=False)
    async def try_exchange(exchange_id: Id) -> TrialView:
        """Log in at an exchange, as it is kept, and say what does not work. Nobody is called."""
        return await exchanges.tried(exchange_id)

    @routes.delete("/exchanges/{id}", right=Right.MANAGE_CHANNELS, noun="exchange", status=204, refuses=[Conflict])
    async def remove_exchange(exchange_id: Id) -> None:
        """Listen to it no more; what it told stays. Its lines have to go, or go elsewhere, first."""
        await exchanges.remove(exchange_id)
