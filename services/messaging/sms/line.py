"""Everything of SMS in one place: what runs for each number, and the doors for messages and receipts."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from hmac import compare_digest
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson

from hub.channels.base import Outcome, Refused, Sent
from hub.channels.health import HealthNotes
from hub.channels.sender import Sender
from hub.channels.states import SendState
from hub.channels.worker import AccountWorker
from hub.contracts.address import ReachabilityRecorded
from hub.contracts.base import Envelope, Event
from hub.contracts.interaction import DeliveryRecorded, DeliveryState, SendMessage
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.log import Log
from hub.store.base import Document
from hub.vendors.twilio import HEADER, is_signed
from services.messaging.errors import FileGone, Forged, MessengerUnavailable
from services.messaging.inbound.service import SOURCE
from services.messaging.keeper import ProviderKeeper
from services.messaging.line import SERVICE, Body, Ground, Line, counted, measure
from services.messaging.metrics import FOREIGN, FORGED
from services.messaging.models import HttpProvider, Payload, Provider, SmsNumber, TwilioProvider
from services.messaging.numbers.repository import NumberRepository
from services.messaging.sms.channel import Route, SmsChannel
from services.messaging.sms.failover import Breaker, chosen
from services.messaging.sms.parse import MOST_FIELDS, key_of, went_by
from services.messaging.sms.paths import at_path
from services.messaging.sms.statuses import TWILIO, UNREACHABLE, reason

ERRORS = 3
SPAN = timedelta(minutes=1)
"""So many failures within this time let the next provider send for as long."""
_LOOKS, _LOOK = 50, 0.1
_ARRIVED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_NO_WAY_IN = (
    "[messaging] public_url is not set, so nothing that Twilio posts can be checked, and it is told no address for"
    " receipts; set it to the address at which Twilio reaches the hub"
)
log = Log(__name__)


class OpenRoute(Protocol):
    def __call__(self, provider: Provider, *, patience: float) -> Route: ...


class Files:
    """Files lie at whichever provider brought the message; only Twilio's has any."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes = routes

    async def file(self, reference: str, *, limit: int) -> bytes:
        route = self._routes.get("twilio")
        if route is None:
            raise FileGone("the number has no account at Twilio any more")
        return await route.file(reference, limit=limit)


class SmsLine(Line[SmsNumber]):
    """Hires the workers of numbers, and takes what providers post."""

    def __init__(self, ground: Ground, *, numbers: NumberRepository, open_route: OpenRoute) -> None:
        super().__init__(ground, numbers.opened)
        self._open_route = open_route

    async def post(self, number_id: str, path: str, body: Body, headers: Mapping[str, str]) -> None:
        """Takes a message that Twilio posts; when it returns, the message is durable and published. `path` is that of
        the call, with its query. What nobody signed is not read.

        Raises:
            Forged: the signature is not Twilio's.
            NotFound: no such number.
        """
        number, door = await self.door(number_id)
        raw = await self._signed(number, path, body, headers)
        await door.add(Payload(kind="message", raw=raw))
        await self.noted(number.id)

    async def receipt(
        self, number_id: str, path: str, query: Mapping[str, str], body: Body, headers: Mapping[str, str]
    ) -> str | None:
        """Takes what a provider says became of a message; the account to be woken, where another way is tried.

        Raises:
            Forged, NotFound: as `post`; NotFound also for a message that did not go out by this number and provider.
            InvalidInput: it names no message, or no status that is known.
        """
        number, _ = await self.door(number_id)
        provider = number.provider(query.get("provider", ""))
        if isinstance(provider, HttpProvider):
            _check_secret(provider, query)
            state, words, sid, code = _generic(provider, await body())
        else:
            state, words, sid, code = _twilio(_form(await self._signed(number, path, body, headers)))
        name = provider.name if provider else "twilio"
        return await self._told(number, query.get("interaction", ""), name, state, words, sid, code)

    async def _signed(self, number: SmsNumber, path: str, body: Body, headers: Mapping[str, str]) -> bytes:
        """What Twilio posted; raises Forged."""
        twilio, shown = number.provider("twilio"), headers.get(HEADER, "")
        if not shown or not isinstance(twilio, TwilioProvider):
            raise _forged()
        raw, url = await body(), f"{self.ground.settings.public_url}{path}"
        if not is_signed(url, _form(raw), shown, token=twilio.auth_token):
            raise _forged()
        return raw

    async def _told(
        self,
        number: SmsNumber,
        interaction_id: str,
        provider: str,
        state: DeliveryState,
        words: str | None,
        sid: str,
        code: str,
    ) -> str | None:
        if not interaction_id:
            raise InvalidInput("interaction: missing", fields={"interaction": "missing; see the status callback"})
        await self._check_ours(number, interaction_id, provider, sid)
        if state is DeliveryState.FAILED and await self._another_way(number, interaction_id, provider, sid):
            return number.id
        now = self.ground.clock.now()
        facts: list[Event] = [
            DeliveryRecorded(
                interaction_id=interaction_id,
                at=now,
                state=state,
                reason=words,
                keys=(key_of(provider, sid),) if sid else (),
                receipt=True,
                group=await self._mailing(interaction_id),
            )
        ]
        if code in UNREACHABLE and (address := await self._address(interaction_id)):
            facts.append(
                ReachabilityRecorded(address=address, account=number.id, reachable=False, reason=words or "", at=now)
            )
        await self.ground.bus.publish([Envelope(event=fact, source=SOURCE, time=now) for fact in facts])
        await self._learnt(interaction_id, state, words or state.value)
        return None

    async def _learnt(self, interaction_id: str, state: DeliveryState, words: str) -> None:
        """What the provider says of it is known from now on, also where its answer to the hand-over was lost."""
        if state is DeliveryState.FAILED:
            await self.ground.ledger.learnt(interaction_id, Refused(words))
        elif state in _ARRIVED:
            await self.ground.ledger.learnt(interaction_id, Sent(words))

    async def _check_ours(self, number: SmsNumber, interaction_id: str, provider: str, sid: str) -> None:
        """Raises NotFound unless this number handed that message to that provider, as far as its answer told."""
        entry = await self._settled(interaction_id)
        if entry is None or entry["account"] != number.id or not went_by(entry["keys"], provider, sid):
            FOREIGN.labels("sms").inc()
            raise NotFound(f"{provider} was given no such message by this number")

    async def _another_way(self, number: SmsNumber, interaction_id: str, provider: str, sid: str) -> bool:
        """Whether a message that did not arrive goes out by a provider that did not try it."""
        entry = await self._settled(interaction_id)
        if entry is None:
            return False
        keys = [*entry["keys"], key_of(provider, sid)]
        if chosen([one.name for one in number.providers], keys, lambda _: False) is None:
            return False
        words = f"{provider} took it and did not deliver it; the next provider tries"
        try:
            return await self.ground.ledger.reopen(interaction_id, words) is not None
        except Conflict:
            return await self._another_way(number, interaction_id, provider, sid)

    async def _settled(self, interaction_id: str) -> Document | None:
        """The ledger's entry; a receipt may be faster than the answer to the request that it is about.

        Raises:
            MessengerUnavailable: there is still no answer; the provider shall tell again.
        """
        for _ in range(_LOOKS):
            entry = await self.ground.ledger.sends.get(interaction_id)
            if entry is None or entry["state"] != SendState.SENDING:
                return entry
            await asyncio.sleep(_LOOK)
        raise MessengerUnavailable("the message is being handed over at this moment; tell it again")

    async def _mailing(self, interaction_id: str) -> str:
        """The mailing that it is part of; empty: none."""
        entry = await self.ground.ledger.sends.get(interaction_id)
        return str((entry or {}).get("mailing") or "")

    async def _address(self, interaction_id: str) -> str:
        entry = await self.ground.ledger.sends.get(interaction_id)
        if entry is None:
            return ""
        message = SendMessage.model_validate_json(entry["command"])
        return next((person.address for person in message.to), "")

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of a number, from its document and the note on how it was."""
        number, settings = self.opened(document), self.ground.settings
        notes = HealthNotes(number.id, self.ground.clock, note, posted=True)
        if number.provider("twilio") and not settings.public_url:
            notes.closed(_NO_WAY_IN)
        patience = settings.timeout.total_seconds()
        routes = {one.name: self._open_route(one, patience=patience) for one in number.providers}
        channel = SmsChannel(
            number,
            routes,
            public_url=settings.public_url,
            breakers={name: Breaker(errors=ERRORS, span=SPAN) for name in routes},
            keeper=ProviderKeeper(routes, health=notes, every=settings.check_interval, cap=settings.reconnect_cap),
            notes=notes,
            clock=self.ground.clock,
            silence=settings.silence,
            blobs=self.ground.blobs,
        )

        async def close() -> None:
            for route in routes.values():
                await route.close()

        return AccountWorker(
            loops=(channel.keeper, self.fetcher(number, Files(routes))),
            sender=self._sender(channel, notes),
            notes=notes,
            alarm=self.alarm(number, notes),
            measure=partial(measure, number, channel),
            close=close,
        )

    def _sender(self, channel: SmsChannel, notes: HealthNotes) -> Sender:
        async def inquire(entry: Document) -> Outcome | None:
            message = SendMessage.model_validate_json(entry["command"])
            return await channel.inquire(message, from_iso(entry["at"]))

        return Sender(
            channel,
            channel.number.id,
            service=SERVICE,
            ledger=self.ground.ledger,
            health=notes,
            # One provider that works is enough to send, and which one does shows when it is used.
            probe=None,
            cap=self.ground.settings.reconnect_cap,
            inquire=inquire,
            settled=partial(counted, channel.number),
            gate=self.ground.gate,
            endpoints=tuple(map(_endpoint, channel.number.providers)),
        )


def _endpoint(provider: Provider) -> str:
    return provider.api_url if isinstance(provider, TwilioProvider) else provider.url


def _form(body: bytes) -> dict[str, list[str]]:
    """Raises InvalidInput."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as exc:
        fix = f"a form has at most {MOST_FIELDS} fields; no provider posts more"
        raise InvalidInput(f"body: {fix}", fields={"body": fix}) from exc


def _twilio(form: Mapping[str, Sequence[str]]) -> tuple[DeliveryState, str | None, str, str]:
    """State, words, message id and error code of a status callback."""

    def one(*names: str) -> str:
        return next((form[name][0] for name in names if form.get(name)), "")

    word, code = one("MessageStatus", "SmsStatus"), one("ErrorCode")
    if word not in TWILIO:
        fix = f"{word!r} is no status that Twilio has; there are {', '.join(TWILIO)}"
        raise InvalidInput(f"MessageStatus: {fix}", fields={"MessageStatus": fix})
    return TWILIO[word], reason(code, one("ErrorMessage")), one("MessageSid", "SmsSid"), code


def _check_secret(provider: HttpProvider, query: Mapping[str, str]) -> None:
    """Raises Forged, also where the account has none: then nobody may tell of its messages."""
    if not provider.secret or not compare_digest(query.get("secret", "").encode(), provider.secret.encode()):
        raise _forged()


def _forged() -> Forged:
    FORGED.labels("sms").inc()
    return Forged()


def _generic(provider: HttpProvider, body: bytes) -> tuple[DeliveryState, str | None, str, str]:
    """The same of a receipt as its account describes it."""
    given = _receipt(body)
    word = str(at_path(given, provider.status_path))
    if word not in provider.statuses:
        fix = f"{word!r} is none of the statuses of {provider.name}; add it to the number's account"
        raise InvalidInput(f"{provider.status_path}: {fix}", fields={provider.status_path or "status": fix})
    sid = at_path(given, provider.id_path)
    return DeliveryState(provider.statuses[word]), f"{provider.name}: {word}", "" if sid is None else str(sid), ""


def _receipt(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return {name: values[0] for name, values in _form(body).items()}
