"""Handing a call on, with what was written: the call, the card and the note move, and both take part."""

import asyncio
from typing import Protocol

from hub.api.actor import Actor
from hub.kit.errors import Conflict, HubError, InvalidInput, NotFound
from hub.kit.log import Log
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.errors import ExchangeRefused
from services.telephony.exchanges.models import Exchange
from services.telephony.phones.repository import PhoneRepository
from services.telephony.recordings.service import Seen
from services.telephony.transfers.hands import Hands
from services.telephony.transfers.models import TransferInput
from services.telephony.transfers.repository import CommandRepository

_LOOK = 0.1
_PATIENCE = 50
"""Looks for the answer: five seconds."""
_RUNG = ("extension", "number", "browser")
"""Phones to which a call goes on, by what their exchange has."""
log = Log(__name__)


class Transfers:
    """Asks for it, at whichever copy of the hub."""

    def __init__(
        self, *, calls: CallRepository, phones: PhoneRepository, commands: CommandRepository, seen: Seen
    ) -> None:
        self._calls = calls
        self._phones = phones
        self._commands = commands
        self._seen = seen

    async def hand_on(self, interaction_id: str, given: TransferInput, actor: Actor) -> Document:
        """What became of it.

        Raises:
            NotFound: no such call, or he does not see it.
            Conflict: it is over, or he is not in it.
            InvalidInput: the colleague has no phone at its exchange.
            ExchangeRefused: with the exchange's words.
        """
        call = await self._calls.calls.get(interaction_id)
        if call is None or not await self._seen.sees_whole(actor, interaction_id):
            raise NotFound(f"there is no call {interaction_id}")
        if call["state"]["complete"]:
            raise Conflict("the call is over")
        logins = {one["login"] for one in call["participants"]}
        if actor.login not in logins and not actor.is_service:
            raise Conflict("you do not take part in this call; whoever does hands it on")
        to = await self._phone(given.to, call["exchange"])
        wanted = {"key": call["key"], "interaction_id": interaction_id, "by": actor.login, "to": to}
        wanted |= {"kind": given.kind, "note": given.note, "login": given.to, "direction": call["direction"]}
        wanted |= {"from": _party(call["state"], actor.login)}
        return await self._answer(await self._commands.ask(call["exchange"], wanted))

    async def _phone(self, login: str, exchange: str) -> str:
        """What is rung there: an extension before a number, and that before a browser."""
        phones = sorted(
            (one for one in await self._phones.of(login) if one.exchange == exchange),
            key=lambda one: _RUNG.index(one.kind),
        )
        if not phones:
            fix = f"{login} has no phone at the exchange of this call; PUT /api/v1/phones/{login}"
            raise InvalidInput(f"to: {fix}", fields={"to": fix})
        return phones[0].number or f"client:{login}"

    async def _answer(self, asked: Document) -> Document:
        for _ in range(_PATIENCE):
            found = await self._commands.get(asked["_id"])
            if found and found["state"] == "done":
                return found
            if found and found["state"] == "failed":
                raise ExchangeRefused(found["words"])
            await asyncio.sleep(_LOOK)
        raise ExchangeRefused("the exchange did not answer in time; look whether the call was handed on")


def _party(state: Document, login: str) -> str:
    """The phone by which somebody speaks in a call; of who does not, that of whoever answered it."""
    mine = (leg["party"] for leg in reversed(state["legs"]) if leg["login"] == login and leg["answered"])
    return str(next(mine, state["answered_by"] or ""))


class Handed(Protocol):
    """Tells whoever is handed a call what was written."""

    def handed_on(self, interaction_id: str, *, by: str, note: str) -> None: ...


class Commander:
    """The loop of an exchange that does what was asked for calls that go on there."""

    def __init__(self, exchange: Exchange, hands: Hands, commands: CommandRepository, handed: Handed) -> None:
        self._exchange = exchange
        self._hands = hands
        self._commands = commands
        self._handed = handed
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for document in await self._commands.due(self._exchange.id):
                async with self.in_hand:
                    await self._one(document)
            await asyncio.sleep(_LOOK)

    async def _one(self, document: Document) -> None:
        """Taken before it is done: what a crash parts is not done twice."""
        taken = await self._commands.take(document)
        if taken is None:
            return
        try:
            self._handed.handed_on(document["interaction_id"], by=document["by"], note=document["note"])
            failed, words = await self._hands.hand_on(document)
        except HubError as exc:
            await self._commands.done(taken, failed=True, words=str(exc))
            return
        await self._commands.done(taken, failed=failed, words=words)
        log.info("call.handed_on", exchange=self._exchange.id, failed=failed)
