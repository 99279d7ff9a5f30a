"""How each kind of exchange hands a call on."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode

from hub.kit.errors import Conflict, Unsupported
from hub.store.base import Document
from services.telephony.ami.reading import Message
from services.telephony.calls.models import Call
from services.telephony.exchanges.models import Exchange

_ACTIONS = {"attended": "Atxfer", "blind": "BlindTransfer"}


class Hands(Protocol):
    async def hand_on(self, document: Document) -> tuple[bool, str]:
        """Whether it was refused, and the exchange's words. Raises HubError."""
        ...


class Asks(Protocol):
    """A connection to the exchange, and the calls that go on there."""

    @property
    def going_on(self) -> list[Call]: ...

    async def ask(self, name: str, fields: Sequence[tuple[str, str]] = (), *, action_id: str = "") -> Message: ...


class AmiHands:
    """An Asterisk is asked, in the name of whoever hands on."""

    def __init__(self, exchange: Exchange, asks: Asks) -> None:
        self._exchange = exchange
        self._asks = asks

    async def hand_on(self, document: Document) -> tuple[bool, str]:
        """See the port."""
        fields = [("Channel", self._channel(document)), ("Exten", document["to"])]
        fields.append(("Context", self._exchange.ami.context))
        answer = await self._asks.ask(_ACTIONS[document["kind"]], fields)
        failed = answer.get("Response") != "Success"
        return failed, answer.get("Message") or answer.get("Response")

    def _channel(self, document: Document) -> str:
        """Of whoever hands on: naming the customer's would hang up on him. Raises Conflict."""
        call_id = document["key"].removeprefix(f"call:{self._exchange.id}/")
        call = next((one for one in self._asks.going_on if one.id == call_id and not one.complete), None)
        legs = [leg for leg in call.legs if leg.role == "operator" and leg.answered] if call else []
        if not legs:
            raise Conflict("nobody of ours speaks in this call at the moment")
        return legs[-1].channel


class Redirects(Protocol):
    """Twilio's REST API."""

    async def redirect(self, sid: str, url: str) -> str:
        """Its words. Raises HubError."""
        ...


class TwilioHands:
    """The customer's call is told to go on with us, who ring the colleague: at once, for there is no consultation."""

    def __init__(self, exchange: Exchange, api: Redirects, *, public_url: str) -> None:
        self._exchange = exchange
        self._api = api
        self._public_url = public_url

    async def hand_on(self, document: Document) -> tuple[bool, str]:
        """See the port."""
        if document["kind"] != "blind":
            raise Unsupported("Twilio hands a call on at once only; choose the kind blind")
        if document["direction"] != "in":
            raise Unsupported("at Twilio only a call that came in is handed on")
        about = {"login": document["login"], "handed_by": document["from"], "handed_to": document["to"]}
        url = f"{self._public_url}/hooks/voice/{self._exchange.id}/handed?{urlencode(about)}"
        sid = document["key"].removeprefix(f"call:{self._exchange.id}/")
        return False, await self._api.redirect(sid, url)
