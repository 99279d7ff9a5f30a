"""An employee's answer in a chain: planned, stored with the events it owes, and told to the channel."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from hub.bus.base import Bus
from hub.contracts.base import Envelope, Event
from hub.contracts.bounce import from_robot
from hub.contracts.interaction import Direction, Interaction, InteractionPlanned, SendMessage
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, NotFound, TransientError, Unsupported
from hub.kit.ids import derive, fresh
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.outbox import owed, publish_owed
from services.interactions.linking import line_of
from services.interactions.models import interaction_document, interaction_from, name_document, with_head
from services.interactions.moments import leaving
from services.interactions.repository import Repository
from services.interactions.service import SOURCE
from services.interactions.writing import Answer, command, planned, token_of

log = Log(__name__)
_NOT_YET = ("planned", "cancelled")


class Answers:
    """Accepts answers; the sending is the channel's."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock, *, undo: timedelta = timedelta()) -> None:
        """`undo` is how long an answer waits to be taken back, unless it says otherwise."""
        self._repository = repository
        self._bus = bus
        self._clock = clock
        self._undo = undo

    async def plan(self, chain_id: str, answer: Answer, *, author: str, idempotency_key: str | None) -> Document:
        """Stores the planned interaction with the events it owes and publishes them.

        The same key of the same author gives the same interaction.

        Raises:
            NotFound: no such chain.
            InvalidInput: an address, an account, an image or a time is wrong.
            Unsupported: nobody in the chain can be answered.
            Conflict: the key was used for another answer.
        """
        chain = await self._repository.chains.get(chain_id)
        if chain is None:
            raise NotFound(f"there is no chain {chain_id}")
        interaction_id = derive("in", chain_id, author, idempotency_key) if idempotency_key else self._fresh_id()
        earlier = await self._repository.interactions.get(interaction_id)
        if earlier:
            return _same(earlier, answer)
        answer = await self._in_time_zone(chain["client_id"], answer)
        leaves = self.leaving(answer)
        cause = interaction_from(await self._answered(chain_id))
        interaction = planned(
            chain_id,
            chain["client_id"],
            cause,
            answer,
            interaction_id=interaction_id,
            author=author,
            at=self._clock.now(),
            leaves=leaves,
        )
        return await self.accept(interaction, command(interaction, answer, cause), answer)

    def leaving(self, answer: Answer) -> datetime | None:
        """When it shall leave; none is at once. Raises InvalidInput."""
        return leaving(answer, now=self._clock.now(), undo=self._undo)

    async def _in_time_zone(self, client_id: str, answer: Answer) -> Answer:
        """A local time without a zone is the client's."""
        if answer.send_at_local is None or answer.time_zone:
            return answer
        client = await self._repository.clients.get(client_id) or {}
        return answer.model_copy(update={"time_zone": client.get("time_zone")})

    async def accept(
        self, interaction: Interaction, request: SendMessage, answer: Answer, facts: Sequence[Event] = ()
    ) -> Document:
        """Stores a planned interaction with the events it owes, `facts` among them, and publishes them."""
        document = self._document(interaction, request, answer, facts)
        await self._repository.claims.insert_many([name_document(f"token:{token_of(interaction.id)}", document)])
        if not await self._repository.interactions.insert(document):
            return _same(await self._repository.interactions.get(interaction.id) or document, answer)
        stored = {**document, "_v": 1}
        try:
            await publish_owed(self._repository.interactions, stored, self._bus)
        except TransientError as exc:
            # It is stored with what it owes: accepted all the same, the sweeper publishes it.
            log.warning("answer.owed", interaction_id=interaction.id, reason=str(exc))
        if interaction.send_at is None:
            await move_on(self._repository, interaction)
        return stored

    def _document(
        self, interaction: Interaction, request: SendMessage, answer: Answer, facts: Sequence[Event]
    ) -> Document:
        leaves = interaction.send_at
        waiting = (
            {"planned": True, "due_at": iso(leaves), "command": request.model_dump(mode="json")} if leaves else {}
        )
        now = self._clock.now()
        told = Envelope(event=InteractionPlanned(interaction=interaction), source=SOURCE, time=now)
        requests: list[Event] = [] if leaves else [request]
        envelopes = [told, *(told.caused(event, source=SOURCE, time=now) for event in (*facts, *requests))]
        return {
            **interaction_document(interaction),
            **waiting,
            "request": fingerprint(answer),
            "outbox": owed(envelopes),
            "owes": True,
        }

    def _fresh_id(self) -> str:
        return fresh("in", at=int(self._clock.now().timestamp()))

    async def _answered(self, chain_id: str) -> Document:
        """The newest message of the client; where he never wrote, our own last one; never a machine's if possible."""
        newest = [one for one in await self._repository.newest_of_chain(chain_id) if not _waits(one)]
        if not newest:
            raise Unsupported("the chain holds no message yet; there is nobody to answer")
        of_people = [one for one in newest if not from_robot(one.get("auto"), one.get("bounce"))]
        return next((one for one in of_people if one["direction"] == Direction.IN), (of_people or newest)[0])


async def move_on(repository: Repository, interaction: Interaction) -> None:
    """Lets the chain and the client know of it; a lost race leaves them to the next interaction."""
    await repository.touch_chains([interaction])
    client = await repository.clients.get(interaction.client_id)
    if client:
        line = line_of(interaction.channel, interaction.accounts[0])
        at = iso(interaction.at)
        head = with_head(client, interaction.id, interaction.chain_id, interaction.subject, at, line)
        await repository.clients.swap(head)


def _waits(document: Document) -> bool:
    """Planned or taken back: nobody has it."""
    return bool(document["delivery"]) and document["delivery"]["state"] in _NOT_YET


def fingerprint(request: BaseModel) -> str:
    """Equal for requests that say the same."""
    return derive("rq", request.model_dump_json(exclude_defaults=True))


def same_request(earlier: Document, wanted: str) -> Document:
    """What was accepted before under the same key; raises Conflict when it was something else."""
    if earlier.get("request") != wanted:
        raise Conflict("this Idempotency-Key was used for another message; use a new key")
    return earlier


def _same(earlier: Document, answer: Answer) -> dict[str, Any]:
    return same_request(earlier, fingerprint(answer))
