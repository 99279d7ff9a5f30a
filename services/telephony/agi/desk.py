"""Takes callers whom an Asterisk hands over: whose they are, whether it is ours, and then the flow of their line."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hmac import compare_digest
from typing import TypeVar

from hub.kit.errors import HubError, NotFound, TransientError
from hub.kit.log import Log
from services.telephony.agi.session import Asks, Session
from services.telephony.agi.words import CommandRefused, HungUp
from services.telephony.errors import Forged
from services.telephony.exchanges.models import Exchange
from services.telephony.flow.service import Reception, Visit
from services.telephony.hooks import Opened, forged
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import LineRepository

log = Log(__name__)
_KINDS = ("extension", "number")
_TRIES, _PAUSE = 3, 0.5
"""Of a store that is away, and seconds between them."""
_QUICK = 5.0
"""Seconds for an answer to what is done at once."""
T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


class AgiDesk:
    """The end of every connection."""

    def __init__(self, *, opened: Opened, lines: LineRepository, reception: Reception, pause: Pause) -> None:
        self._opened = opened
        self._lines = lines
        self._reception = reception
        self._pause = pause

    async def serve(self, head: Mapping[str, str], asks: Asks) -> None:
        """The whole of a visit. What cannot be done is left to the lines of the dialplan behind ours.

        Raises:
            Forged: the exchange is none of ours, or does not show its secret.
        """
        visit = await self._visit(head)
        try:
            if visit is None:
                await _says(asks, "none")
                return
            await self._goes_through(visit, asks)
        except HungUp:
            return
        except (HubError, CommandRefused) as exc:
            log.warning("flow.broken_off", exchange=head.get("agi_network_script", "")[:100], reason=str(exc))
            await _says(asks, "failed")

    async def _goes_through(self, visit: Visit, asks: Asks) -> None:
        noted = partial(self._reception.recorded, visit)
        session = Session(asks, visit.exchange.ami, visit.flow, call=visit.call, noted=noted)
        acts = await self._patiently(partial(self._reception.begins, visit))
        while done := await session.perform(acts):
            goes_on = partial(self._reception.goes_on, visit, done.step, key=done.key, answered=done.answered)
            acts = await self._patiently(goes_on)
        await _says(asks, "done")

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """A store that is away for a moment costs no caller his place."""
        for _ in range(_TRIES):
            try:
                return await step()
            except TransientError as exc:
                log.warning("flow.waiting", reason=str(exc))
                await self._pause(_PAUSE)
        return await step()

    async def _visit(self, head: Mapping[str, str]) -> Visit | None:
        """None where the line has no flow. Raises Forged."""
        exchange = await self._proven(head)
        line = await self._line(exchange, head)
        if line is None or line.flow is None:
            return None
        caller = exchange.lines.address(head.get("agi_callerid", ""))
        call = head.get("agi_uniqueid", "")
        return Visit(exchange=exchange, call=call, caller=caller, line=line, kinds=_KINDS)

    async def _proven(self, head: Mapping[str, str]) -> Exchange:
        name = head.get("agi_network_script", "").strip("/")
        try:
            exchange = await self._opened.get(name, "ami")
        except NotFound as exc:
            raise Forged from exc
        secret = exchange.ami.agi_secret.get_secret_value()
        if not secret or not compare_digest(secret.encode(), head.get("agi_arg_1", "").encode()):
            raise forged(exchange)
        return exchange

    async def _line(self, exchange: Exchange, head: Mapping[str, str]) -> OurLine | None:
        """By the number that the dialplan hands over, else by the one that was dialled."""
        directory = await self._lines.directory()
        names = [head.get(name, "") for name in ("agi_arg_2", "agi_dnid", "agi_extension")]
        found = (directory.dialled(one, exchange=exchange.id, region=exchange.region) for one in names if one)
        return next((one for one in found if one), None)


async def _says(asks: Asks, status: str) -> None:
    """For the dialplan behind ours."""
    try:
        await asks.ask("SET", "VARIABLE", "HUB_FLOW", status, patience=_QUICK)
    except (HungUp, CommandRefused):
        return
