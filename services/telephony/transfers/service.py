"""Handing a call on, with what was written: the call, the card and the note move, and both take part."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hub.api.actor import Actor
from hub.kit.errors import Conflict, HubError, InvalidInput, NotFound
from hub.kit.log import Log
from hub.store.base import Document
from services.telephony.ami.reading import Message
from services.telephony.calls.models import Call
from services.telephony.calls.repository import CallRepository
from services.telephony.errors import ExchangeRefused
from services.telephony.exchanges.models import Exchange
from services.telephony.phones.repository import PhoneRepository
from services.telephony.recordings.service import Seen
from services.telephony.transfers.models import TransferInput
from services.telephony.transfers.repository import CommandRepository

_LOOK = 0.1
_PATIENCE = 50
"""Looks for the answer: five seconds."""
_ACTIONS = {"attended": "Atxfer", "blind": "BlindTransfer"}
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
        to = await self._extension(given.to, call["exchange"])
        wanted = {"key": call["key"], "interaction_id": interaction_id, "by": actor.login, "to": to}
        wanted |= {"kind": given.kind, "note": given.note}
        return await self._answer(await self._commands.ask(call["exchange"], wanted))

    async def _extension(self, login: str, exchange: str) -> str:
        phones = [one for one in await self._phones.of(login) if one.exchange == exchange and one.kind == "extension"]
        if not phones:
            fix = f"{login} has no phone at the exchange of this call; PUT /api/v1/phones/{login}"
            raise InvalidInput(f"to: {fix}", fields={"to": fix})
        return phones[0].number

    async def _answer(self, asked: Document) -> Document:
        for _ in range(_PATIENCE):
            found = await self._commands.get(asked["_id"])
            if found and found["state"] == "done":
                return found
            if found and found["state"] == "failed":
                raise ExchangeRefused(found["words"])
            await asyncio.sleep(_LOOK)
        raise ExchangeRefused("the exchange did not answer in time; look whether the call was handed on")


class Asks(Protocol):
    """A connection to the exchange, and the calls that go on there."""

    @property
    def going_on(self) -> list[Call]: ...

    async def ask(self, name: str, fields: Sequence[tuple[str, str]] = (), *, action_id: str = "") -> Message: ...


class Handed(Protocol):
    """Tells whoever is handed a call what was written."""

    def handed_on(self, interaction_id: str, *, by: str, note: str) -> None: ...


class Commander:
    """The loop of an exchange that does what was asked for calls that go on there."""

    def __init__(self, exchange: Exchange, asks: Asks, commands: CommandRepository, handed: Handed) -> None:
        self._exchange = exchange
        self._asks = asks
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
            channel = self._channel(document)
            self._handed.handed_on(document["interaction_id"], by=document["by"], note=document["note"])
            context = self._exchange.ami.context
            fields = [("Channel", channel), ("Exten", document["to"]), ("Context", context)]
            answer = await self._asks.ask(_ACTIONS[document["kind"]], fields)
        except HubError as exc:
            await self._commands.done(taken, failed=True, words=str(exc))
            return
        failed = answer.get("Response") != "Success"
        await self._commands.done(taken, failed=failed, words=answer.get("Message") or answer.get("Response"))
        log.info("call.handed_on", exchange=self._exchange.id, failed=failed)

    def _channel(self, document: Document) -> str:
        """Of whoever hands on: naming the customer's would hang up on him. Raises Conflict."""
        call_id = document["key"].removeprefix(f"call:{self._exchange.id}/")
        call = next((one for one in self._asks.going_on if one.id == call_id and not one.complete), None)
        legs = [leg for leg in call.legs if leg.role == "operator" and leg.answered] if call else []
        if not legs:
            raise Conflict("nobody of ours speaks in this call at the moment")
        return legs[-1].channel
