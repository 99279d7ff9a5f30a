"""Calling a client from his card: by a line of ours, from the phone of whoever asks, within the hours for it."""

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field

from hub.api.actor import Actor
from hub.api.forms import Form
from hub.contracts.call import CallRequest
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    Link,
    Participant,
    Role,
    SendMessage,
)
from hub.contracts.masks import words_shown
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, fresh
from hub.kit.phones import zones_of
from hub.store.base import Document
from services.interactions.clients.whole import born_with, whole
from services.interactions.linking import Rules, new_chain_id
from services.interactions.models import heads_of
from services.interactions.outgoing import Outgoing, fingerprint, same_request
from services.interactions.reach import Account
from services.interactions.repository import Repository
from services.interactions.seen import level_of
from services.interactions.starts import Directory
from services.interactions.writing import token_of

CHANNEL = "call"


class WantedCall(Form):
    """Whom to call, and by which line."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"address": "phone:+79161234567"}]})
    address: str | None = Field(default=None, max_length=400, description="Which of his numbers; the first, if none")
    line: str | None = Field(default=None, max_length=100, description="Which of our lines he is shown")


class Hours:
    """When clients may be called, by their own clock."""

    def __init__(self, hours: tuple[time, time] | None, zone: str) -> None:
        """None: at any time. `zone` is for numbers that tell none."""
        self._hours = hours
        self._zone = zone

    def refusal(self, number: str, known: str | None, now: datetime) -> str:
        """Why a number cannot be called now; empty where it can. `known` is the client's own time zone."""
        if self._hours is None:
            return ""
        for zone in [known] if known else self._zones(number):
            clock = now.astimezone(ZoneInfo(zone)).time()
            if not self._within(clock):
                since, until = self._hours
                hours = f"{since:%H:%M} to {until:%H:%M}"
                return f"it is {clock:%H:%M} where he is ({zone}); clients are called from {hours}"
        return ""

    def _zones(self, number: str) -> Sequence[str]:
        """Where he may be. A mobile may be anywhere in its country: then where we are, if that is there."""
        found = zones_of(number)
        return (self._zone,) if not found or self._zone in found else found

    def _within(self, clock: time) -> bool:
        assert self._hours
        since, until = self._hours
        return since <= clock < until if since < until else clock >= since or clock < until


class Calling:
    """Plans calls; the line's exchange makes them."""

    def __init__(
        self,
        repository: Repository,
        outgoing: Outgoing,
        directory: Directory,
        clock: Clock,
        rules: Rules,
        *,
        hours: Hours,
    ) -> None:
        self._repository = repository
        self._outgoing = outgoing
        self._directory = directory
        self._clock = clock
        self._rules = rules
        self._hours = hours

    async def plan(
        self,
        client_id: str,
        wanted: WantedCall,
        *,
        actor: Actor,
        idempotency_key: str | None,
        by_itself: CallRequest | None = None,
    ) -> Document:
        """The planned interaction; the same key of the same author gives the same one. `by_itself`: a call list
        dials, and nobody is its author.

        Raises:
            NotFound: no such client.
            Conflict: he has no number, does not want to be called, it is not the time for it, or there is no line.
            InvalidInput: the address is not his, or the line none that the author may use.
        """
        client = await whole(self._repository, client_id)
        key = derive("in", "call", client_id, actor.login, idempotency_key) if idempotency_key else None
        interaction_id = key or fresh("in", at=int(self._clock.now().timestamp()))
        mark = fingerprint(wanted)
        if earlier := await self._repository.interactions.get(interaction_id):
            return await self._outgoing.again(earlier, mark)
        listed = await self._address(client, wanted.address)
        line = await self._line(client, wanted.line, actor)
        chain_id = await self._chain(client, actor) or new_chain_id(interaction_id)
        author = None if by_itself else actor.login
        interaction = self._interaction(client, listed, line, (interaction_id, chain_id), author)
        call = by_itself or CallRequest(operator=actor.login)
        draft = await self._outgoing.draft(interaction, self._request(interaction, client, call), fingerprint=mark)
        chain = (await self._repository.touch_chains([draft.document]))[chain_id]
        accepted = await self._outgoing.accept(draft, opened=[(self._repository.chains, chain)])
        return accepted.document if accepted.new else same_request(accepted.document, mark)

    async def _address(self, client: Document, asked: str | None) -> Document:
        """The first of his numbers that may be called, as he lists it."""
        numbers = [one for one in client["addresses"] if one["address"].startswith("phone:")]
        if asked and asked not in [one["address"] for one in numbers]:
            fix = f"{asked} is no number of this client; GET /api/v1/clients/{client['_id']} lists his"
            raise InvalidInput(f"address: {fix}", fields={"address": fix})
        numbers = [one for one in numbers if asked in (None, one["address"])]
        if not numbers:
            raise Conflict("no phone number of his is known; add one: POST /api/v1/clients/{id}/addresses")
        stored = await self._repository.addresses.get_many(one["address"] for one in numbers)
        reasons = [self._refusal(one["address"], stored.get(one["address"], {}), client) for one in numbers]
        for one, reason in zip(numbers, reasons, strict=True):
            if not reason:
                return dict(one)
        words = words_shown(reasons[0])
        raise Conflict(f"he is not called: {words}", fields={"address": words})

    def _refusal(self, address: str, stored: Document, client: Document) -> str:
        consent = (stored.get("consent") or {}).get(CHANNEL)
        if consent and consent["state"] == "withdrawn":
            return f"he does not want to be called since {str(consent['at'])[:10]}: «{consent['words']}»"
        number = address.partition(":")[2]
        return self._hours.refusal(number, client.get("time_zone"), self._clock.now())

    async def _line(self, client: Document, asked: str | None, actor: Actor) -> Account:
        """The one asked for; else the one of his newest call, else the first: of his teams', and of nobody's."""
        found = await self._directory.accounts()
        mine = [
            one
            for one in found.of(CHANNEL)
            if EVERYTHING in actor.reach or one.team is None or one.team in actor.teams
        ]
        if asked:
            named = next((one for one in mine if one.id == asked), None)
            if named:
                return named
            fix = f"{asked} is no line that you may call by; GET /api/v1/lines lists ours"
            raise InvalidInput(f"line: {fix}", fields={"line": fix})
        if not mine:
            silent = CHANNEL in found.silent
            raise Conflict("the service of calls does not answer now" if silent else "we have no line; add one first")
        newest = await self._repository.newest_of_client(client["_id"])
        last = next((one["accounts"][0] for one in newest if one["channel"] == CHANNEL), None)
        return next((one for one in mine if one.id == last), mine[0])

    async def _chain(self, client: Document, actor: Actor) -> str | None:
        """The only open chain of his that is still warm and that the author sees."""
        chains = await self._repository.chains.get_many(heads_of(client))
        heads = [head for head in heads_of(client).values() if level_of(actor, chains.get(head.id, {})) == "full"]
        oldest = self._clock.now() - self._rules.reply_window
        warm = [head.id for head in heads if head.last_at >= oldest]
        return warm[0] if len(warm) == 1 else None

    def _interaction(
        self, client: Document, listed: Document, line: Account, ids: tuple[str, str], author: str | None
    ) -> Interaction:
        interaction_id, chain_id = ids
        owner = born_with(client, listed["address"])
        to = Participant(
            role=Role.TO,
            address=listed["address"],
            raw=listed["raw"],
            name=listed["name"] or client["name"],
            client_id=owner,
        )
        return Interaction(
            id=interaction_id,
            channel=CHANNEL,
            type=CHANNEL,
            direction=Direction.OUT,
            accounts=(line.id,),
            at=self._clock.now(),
            client_id=owner,
            chain_id=chain_id,
            participants=(to,),
            delivery=Delivery(state=DeliveryState.QUEUED),
            link=Link(rule="started", evidence=CHANNEL),
            author=author,
            team=line.team,
            others=line.others,
        )

    def _request(self, interaction: Interaction, client: Document, call: CallRequest) -> SendMessage:
        return SendMessage(
            id=interaction.id,
            channel=CHANNEL,
            account=interaction.accounts[0],
            to=interaction.participants,
            text="",
            token=token_of(interaction.id),
            time_zone=client.get("time_zone") or "",
            call=call,
        )
