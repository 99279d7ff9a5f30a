"""Writing to a client from his card: by the channel chosen, or by the one that is best."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal, Protocol

from pydantic import ConfigDict, Field

from hub.api.actor import Actor
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    Link,
    Participant,
    Role,
)
from hub.contracts.masks import words_shown
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.interactions.clients.whole import born_with, whole
from services.interactions.linking import Head, Rules, new_chain_id, subject_key
from services.interactions.mailed_last import Matter, mailed_last
from services.interactions.models import heads_of
from services.interactions.moments import leaving
from services.interactions.outgoing import Outgoing, fingerprint, same_request
from services.interactions.reach import Accounts, Reach, automatic, ways
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import level_of
from services.interactions.writing import MAIL, Answer, check_channel, check_images, command

Channel = Literal["auto", "email", "sms", "telegram"]


class Letter(Answer):
    """What to write to a client, and by what."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Ваш заказ приехал!"},
                {"channel": "email", "subject": "Your order", "text": "It is here."},
                {"channel": "sms", "address": "phone:+79161234567", "text": "Заказ 118 ждёт вас."},
            ]
        }
    )
    channel: Channel = Field(
        default="auto", description="auto: by what he wrote last, else by what he can be reached"
    )
    address: str | None = Field(default=None, max_length=400, description="Which of his; the best, if none is given")
    subject: str = Field(
        default="",
        max_length=1000,
        description="Of a mail; without one it goes on with the last mail, as Re: and its subject",
    )


class Directory(Protocol):
    """Which mailboxes, bots and numbers are ours."""

    async def accounts(self) -> Accounts: ...


class Starts:
    """Begins conversations, or goes on with them."""

    def __init__(
        self,
        repository: Repository,
        outgoing: Outgoing,
        directory: Directory,
        clock: Clock,
        rules: Rules,
        *,
        undo: timedelta = timedelta(),
    ) -> None:
        """`undo` is how long a message waits to be taken back, unless it says otherwise."""
        self._repository = repository
        self._outgoing = outgoing
        self._undo = undo
        self._directory = directory
        self._clock = clock
        self._rules = rules

    async def ways(self, client_id: str, actor: Actor) -> list[Reach]:
        """By what somebody can reach a client. Raises NotFound."""
        client = await whole(self._repository, client_id)
        found, _ = await self._ways(client, await self._accounts(actor))
        return found

    async def plan(
        self,
        client_id: str,
        letter: Letter,
        *,
        actor: Actor,
        idempotency_key: str | None,
    ) -> Document:
        """The planned interaction; the same key of the same author gives the same one.

        Raises:
            NotFound: no such client.
            Conflict: he cannot be reached that way, or the key was used for something else.
            InvalidInput: the address is not his, or a subject is missing.
        """
        client = await whole(self._repository, client_id)
        key = derive("in", "start", client_id, actor.login, idempotency_key) if idempotency_key else None
        interaction_id = key or fresh("in", at=int(self._clock.now().timestamp()))
        if earlier := await self._repository.interactions.get(interaction_id):
            return await self._outgoing.again(earlier, fingerprint(letter))
        await self._outgoing.check_html(letter.html)
        ours = await self._accounts(actor)
        way = await self._way(client, letter, ours)
        matter = await self._matter(client, letter, way, actor)
        interaction = self._interaction(client, letter, way, (interaction_id, matter), actor.login, ours)
        await self._outgoing.check_second(interaction.channel, interaction.accounts[0])
        wanted = fingerprint(letter)
        request = command(interaction, letter, matter.cause, signature=actor.signs(letter.signature))
        draft = await self._outgoing.draft(interaction, request, fingerprint=wanted)
        chain = (await self._repository.touch_chains([draft.document]))[interaction.chain_id]
        accepted = await self._outgoing.accept(draft, opened=[(self._repository.chains, chain)])
        return accepted.document if accepted.new else same_request(accepted.document, wanted)

    async def _accounts(self, actor: Actor) -> Accounts:
        """Those of ours that he may write by: of his teams, and of none."""
        found = await self._directory.accounts()
        if EVERYTHING in actor.reach:
            return found
        return replace(found, known=[one for one in found.known if one.team in (None, *actor.teams)])

    async def _ways(self, client: Document, ours: Accounts) -> tuple[list[Reach], Document | None]:
        newest = await self._repository.newest_of_client(client["_id"])
        last = {one["channel"]: one["accounts"][0] for one in reversed(newest)}
        addresses = await self._repository.addresses_of([client])
        arrived = next((one for one in newest if one["direction"] == Direction.IN), None)
        return ways(client, addresses, ours, last), arrived

    async def _way(self, client: Document, letter: Letter, ours: Accounts) -> Reach:
        found, newest = await self._ways(client, ours)
        if letter.address and letter.address not in [way.address for way in found]:
            fix = f"{letter.address} is not this client's; GET /api/v1/clients/{client['_id']}/channels lists his"
            raise InvalidInput(f"address: {fix}", fields={"address": fix})
        asked = [way for way in found if letter.channel in ("auto", way.channel)]
        asked = [way for way in asked if letter.address in (None, way.address)]
        way = automatic(asked, newest)
        if way is None:
            # A server's words name the address that it refuses.
            reasons = words_shown("; ".join(f"{way.channel}: {way.reason}" for way in asked))
            raise Conflict(f"he cannot be reached: {reasons}", fields={"channel": reasons})
        return way

    def _interaction(
        self, client: Document, letter: Letter, way: Reach, ids: tuple[str, Matter], author: str, ours: Accounts
    ) -> Interaction:
        check_images(letter)
        check_channel(way.channel, letter)
        now = self._clock.now()
        leaves = leaving(letter, now=now, undo=self._undo)
        interaction_id, matter = ids
        account, address = letter.account or way.account or "", way.address or ""
        by = ours.named(account)
        listed = next(one for one in client["addresses"] if one["address"] == address)
        name = listed["name"] or client["name"]
        owner = born_with(client, address)
        to = Participant(role=Role.TO, address=address, raw=listed["raw"], name=name, client_id=owner)
        return Interaction(
            id=interaction_id,
            channel=way.channel,
            type=way.channel,
            direction=Direction.OUT,
            accounts=(account,),
            at=leaves or now,
            client_id=owner,
            chain_id=matter.chain or new_chain_id(interaction_id),
            cause_id=matter.cause.id if matter.cause else None,
            subject=matter.subject,
            text=letter.words,
            participants=(to,),
            attachments=letter.files,
            delivery=Delivery(state=DeliveryState.PLANNED if leaves else DeliveryState.QUEUED),
            send_at=leaves,
            time_zone=letter.time_zone if leaves else None,
            link=Link(rule="started", evidence=f"{letter.channel}: {way.channel}"),
            author=author,
            team=by.team if by else None,
            others=by.others if by else "full",
        )

    async def _matter(self, client: Document, letter: Letter, way: Reach, actor: Actor) -> Matter:
        """The open chain it goes on with: of the same subject; without a subject, a mail goes on with the last one,
        anything else with the only one that is still warm. What he does not see he does not write into.
        """
        chains = await self._repository.chains.get_many(heads_of(client))
        seen = [head for head in heads_of(client).values() if level_of(actor, chains.get(head.id, {})) == "full"]
        if way.channel == MAIL and not letter.subject.strip():
            return await self._mailed_last(client, seen)
        heads = [head for head in seen if head.closed_at is None]
        if key := subject_key(letter.subject):
            same = next((head.id for head in heads if head.subject_key == key), None)
            return Matter(chain=same, subject=letter.subject)
        oldest = self._clock.now() - self._rules.reply_window
        warm = [head.id for head in heads if head.last_at >= oldest]
        return Matter(chain=warm[0] if len(warm) == 1 else None, subject=letter.subject)

    async def _mailed_last(self, client: Document, heads: list[Head]) -> Matter:
        newest = await self._repository.newest_of_client(client["_id"])
        found = await roots(self._repository.chains, {one["chain_id"] for one in newest if one["chain_id"]})
        matter = mailed_last(newest, {head.id: head for head in heads}, found)
        if matter is None:
            fix = "a mail needs one, for there is none to go on with"
            raise InvalidInput(f"subject: {fix}", fields={"subject": fix})
        return matter
