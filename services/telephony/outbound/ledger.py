"""The send ledger of calls: they are asked for by line, and go by the line's exchange."""

from collections.abc import Mapping, Sequence

from hub.channels.ledger import Ledger
from hub.contracts.interaction import SendMessage
from services.telephony.lines.repository import LineRepository


class CallLedger(Ledger):
    """As `Ledger`; the account of an entry is the exchange, and its line is told with the request."""

    lines: LineRepository

    async def accept(self, messages: Sequence[SendMessage], *, began: Mapping[str, str] | None = None) -> set[str]:
        directory = await self.lines.directory()
        routed = []
        for message in messages:
            line = directory.by_id(message.account)
            if line and message.call:
                request = message.call.model_copy(update={"line": line.id})
                message = message.model_copy(update={"account": line.exchange, "call": request})
            routed.append(message)
        return await super().accept(routed, began=began)
