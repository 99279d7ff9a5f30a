"""The rules of lines: a number is one line, and goes by an exchange that is there."""

from collections.abc import Awaitable, Callable
from typing import Any

from hub.channels.belonging import BELONGS
from hub.channels.keeping import Keeping
from hub.channels.views import ChannelView
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.ids import derive
from hub.kit.phones import phone
from hub.store.base import Document
from services.telephony.lines.models import LineChange, LineInput
from services.telephony.lines.repository import LineRepository

FindExchange = Callable[[str], Awaitable[Document]]
"""Raises NotFound."""
_KEPT = ("aliases", "pool", "queue", "reach_by", "service_level", "record", "transcribe", "retention_days")


class LinesService:
    """Adds and changes lines."""

    def __init__(self, *, keeping: Keeping, repository: LineRepository, exchange: FindExchange) -> None:
        self._keeping = keeping
        self._repository = repository
        self._exchange = exchange
        self.get = keeping.get
        self.page = keeping.page

    async def add(self, given: LineInput) -> Document:
        """The line as it is stored.

        Raises:
            Conflict: the number is a line already.
            InvalidInput: it is no number, or there is no such exchange.
        """
        exchange = await self._named(given.exchange)
        number = phone(given.number, exchange["region"]).removeprefix("phone:")
        if not number:
            fix = f"{given.number!r} is no number; write it as +74951234567"
            raise InvalidInput(f"number: {fix}", fields={"number": fix})
        kept = {name: getattr(given, name) for name in _KEPT}
        added = await self._keeping.add(
            {
                "_id": derive("ln", number),
                "address": number,
                "name": given.name or number,
                "exchange": given.exchange,
                "source": given.source.model_dump() if given.source else None,
                "flow": given.flow.model_dump() if given.flow else None,
                "sms_back": given.sms_back.model_dump() if given.sms_back else None,
                **kept,
                **given.belongs,
            }
        )
        self._repository.changed()
        return added

    async def change(self, line_id: str, change: LineChange) -> Document:
        """The line as it is now. Raises NotFound, Conflict, InvalidInput."""
        document = await self._repository.get(line_id)
        if change.exchange:
            await self._named(change.exchange)
        given: dict[str, Any] = change.model_dump(exclude_none=True, include={"name", "exchange", *_KEPT, *BELONGS})
        # These may be taken back: null is something else than nothing.
        whole = change.model_dump(include={"source", "flow", "sms_back"})
        given |= {name: value for name, value in whole.items() if name in change.model_fields_set}
        changed = await self._keeping.change({**document, **given})
        self._repository.changed()
        return changed

    async def remove(self, line_id: str) -> None:
        """Calls by it are nobody's line any more; its history stays. Raises NotFound."""
        await self._keeping.remove(line_id)
        self._repository.changed()

    async def channels(self, exchanges: list[ChannelView]) -> list[ChannelView]:
        """Each is as its exchange is."""
        by_id = {one.id: one for one in exchanges}
        return [_view(line, by_id.get(line["exchange"])) for line in await self._repository.active()]

    async def _named(self, exchange: str) -> Document:
        try:
            return await self._exchange(exchange)
        except NotFound as exc:
            fix = f"there is no exchange {exchange}; GET /api/v1/exchanges lists them"
            raise InvalidInput(f"exchange: {fix}", fields={"exchange": fix}) from exc


def _view(line: Document, exchange: ChannelView | None) -> ChannelView:
    about = {
        "id": line["_id"],
        "channel": "call",
        "address": line["address"],
        "name": line["name"],
        "team": line.get("team", ""),
        "others": line.get("others", "full"),
    }
    if exchange:
        return exchange.model_copy(update={**about, "queued": 0, "unknown": 0})
    return ChannelView.model_validate(
        {
            **about,
            "state": "red",
            "reason": "its exchange was removed; give it another one",
            "last_in": None,
            "last_out": None,
            "lag_seconds": None,
            "queued": 0,
            "unknown": 0,
            "credentials": "unknown",
            "checked_at": None,
        }
    )
