"""An employee's answer in a chain: planned, stored with the events it owes, and told to the channel."""

from datetime import datetime, timedelta

from hub.bus.base import Bus
from hub.contracts.bounce import from_robot
from hub.contracts.interaction import Direction
from hub.kit.clock import Clock
from hub.kit.errors import Unsupported
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.interactions.models import correlation_of, interaction_from
from services.interactions.moments import leaving
from services.interactions.outgoing import Outgoing, fingerprint, same_request
from services.interactions.repository import Repository
from services.interactions.roots import root_of
from services.interactions.writing import Answer, command, planned

_NOT_YET = ("planned", "cancelled")


class Answers:
    """Accepts answers; the sending is the channel's."""

    def __init__(
        self,
        repository: Repository,
        bus: Bus,
        clock: Clock,
        *,
        undo: timedelta = timedelta(),
        outgoing: Outgoing | None = None,
    ) -> None:
        """`undo` is how long an answer waits to be taken back, unless it says otherwise."""
        repository.on(bus, clock)
        self._repository = repository
        self._outgoing = outgoing or Outgoing(repository)
        self._clock = clock
        self._undo = undo

    async def plan(
        self,
        chain_id: str,
        answer: Answer,
        *,
        author: str,
        idempotency_key: str | None,
        signature: str | None = None,
        approved: bool = False,
    ) -> Document:
        """Stores the planned interaction with the events it owes and publishes them.

        The same key of the same author gives the same interaction.

        Raises:
            NotFound: no such chain.
            InvalidInput: an address, an account, an image or a time is wrong.
            Unsupported: nobody in the chain can be answered.
            Conflict: the key was used for another answer.
            Forbidden: its account wants a second person, and this is not `approved`.
        """
        chain = await root_of(self._repository.chains, chain_id, "chain")
        interaction_id = derive("in", chain_id, author, idempotency_key) if idempotency_key else self._fresh_id()
        earlier = await self._repository.interactions.get(interaction_id)
        if earlier:
            return await self._outgoing.again(earlier, fingerprint(answer))
        await self._outgoing.check_html(answer.html)
        answer = await self._in_time_zone(chain["client_id"], answer)
        leaves = self.leaving(answer)
        chain_id = chain["_id"]
        answered = await self._answered(chain_id)
        cause = interaction_from(answered)
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
        if not approved:
            await self._outgoing.check_second(interaction.channel, interaction.accounts[0])
        request = command(interaction, answer, cause, signature=signature)
        wanted = fingerprint(answer)
        draft = await self._outgoing.draft(interaction, request, fingerprint=wanted, began=correlation_of(answered))
        accepted = await self._outgoing.accept(draft)
        return accepted.document if accepted.new else same_request(accepted.document, wanted)

    def leaving(self, answer: Answer) -> datetime | None:
        """When it shall leave; none is at once. Raises InvalidInput."""
        return leaving(answer, now=self._clock.now(), undo=self._undo)

    async def _in_time_zone(self, client_id: str, answer: Answer) -> Answer:
        """A local time without a zone is the client's."""
        if answer.send_at_local is None or answer.time_zone:
            return answer
        client = await self._repository.clients.get(client_id) or {}
        return answer.model_copy(update={"time_zone": client.get("time_zone")})

    def _fresh_id(self) -> str:
        return fresh("in", at=int(self._clock.now().timestamp()))

    async def _answered(self, chain_id: str) -> Document:
        """The newest message of the client; where he never wrote, our own last one; never a machine's if possible."""
        newest = [one for one in await self._repository.newest_of_chain(chain_id) if not _waits(one)]
        if not newest:
            raise Unsupported("the chain holds no message yet; there is nobody to answer")
        of_people = [one for one in newest if not from_robot(one.get("auto"), one.get("bounce"))]
        return next((one for one in of_people if one["direction"] == Direction.IN), (of_people or newest)[0])


def _waits(document: Document) -> bool:
    """Planned or taken back: nobody has it."""
    return bool(document["delivery"]) and document["delivery"]["state"] in _NOT_YET
