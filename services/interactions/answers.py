"""An employee's answer in a chain: planned, stored with the events it owes, and told to the channel."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from hub.bus.base import Bus
from hub.contracts.interaction import Interaction
from hub.kit.clock import Clock
from hub.kit.errors import Conflict, Unsupported
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.interactions.answered import answered_in
from services.interactions.drafts.approval import Approved
from services.interactions.models import correlation_of, interaction_from
from services.interactions.moments import leaving
from services.interactions.outgoing import Outgoing, fingerprint, same_request
from services.interactions.repository import Repository
from services.interactions.roots import root_of
from services.interactions.writing import Answer, command, planned

_NOBODY = "the chain holds no message yet; there is nobody to answer"
_TO_OTHERS = (
    "since you asked for approval somebody wrote whom this answer would go to instead; ask anew, so that it is"
    " approved for him (POST /api/v1/chains/{id}/draft-review)"
)


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
        approved: Approved | None = None,
    ) -> Document:
        """Stores the planned interaction with the events it owes and publishes them.

        The same key of the same author gives the same interaction.

        Raises:
            NotFound: no such chain.
            InvalidInput: an address, an account, an image or a time is wrong.
            Unsupported: nobody in the chain can be answered.
            Conflict: the key was used for another answer, or it was approved for somebody else.
            Forbidden: its account wants a second person, and this is not `approved`.
        """
        chain = await root_of(self._repository.chains, chain_id, "chain")
        interaction_id = approved.message if approved else self.id_of(chain_id, author, idempotency_key)
        earlier = await self._repository.interactions.get(interaction_id)
        if earlier:
            return await self._outgoing.again(earlier, fingerprint(answer))
        await self._outgoing.check_html(answer.html)
        answer = await self._in_time_zone(chain["client_id"], answer)
        answered = await answered_in(self._repository, chain["_id"])
        if answered is None:
            raise Unsupported(_NOBODY)
        cause, leaves, now = interaction_from(answered), self.leaving(answer), self._clock.now()
        make = partial(
            planned,
            chain["_id"],
            chain["client_id"],
            answer=answer,
            interaction_id=interaction_id,
            author=author,
            at=now,
            leaves=leaves,
        )
        interaction = make(cause)
        await self._check(interaction, approved, make)
        request = command(interaction, answer, cause, signature=signature)
        wanted = fingerprint(answer)
        draft = await self._outgoing.draft(
            interaction, request, fingerprint=wanted, began=correlation_of(answered), approved=bool(approved)
        )
        accepted = await self._outgoing.accept(draft)
        return accepted.document if accepted.new else same_request(accepted.document, wanted)

    def id_of(self, chain_id: str, author: str, key: str | None) -> str:
        """Of the message that an answer is: the same one for the same key."""
        return derive("in", chain_id, author, key) if key else fresh("in", at=int(self._clock.now().timestamp()))

    async def _check(
        self, interaction: Interaction, approved: Approved | None, make: Callable[[Interaction], Interaction]
    ) -> None:
        """`make` is what it would be as an answer to another message. Raises Forbidden, Conflict."""
        if approved is None:
            await self._outgoing.check_second(interaction.channel, interaction.accounts[0])
        elif approved.answers not in (None, interaction.cause_id):
            meant = await self._repository.interactions.get(approved.answers)
            if meant is None or _whom(make(interaction_from(meant))) != _whom(interaction):
                raise Conflict(_TO_OTHERS)

    def leaving(self, answer: Answer) -> datetime | None:
        """When it shall leave; none is at once. Raises InvalidInput."""
        return leaving(answer, now=self._clock.now(), undo=self._undo)

    async def _in_time_zone(self, client_id: str, answer: Answer) -> Answer:
        """A local time without a zone is the client's."""
        if answer.send_at_local is None or answer.time_zone:
            return answer
        client = await self._repository.clients.get(client_id) or {}
        return answer.model_copy(update={"time_zone": client.get("time_zone")})


def _whom(interaction: Interaction) -> tuple[str, str, frozenset[tuple[str, str]]]:
    """By what it goes, and to whom."""
    others = frozenset((one.role, one.address) for one in interaction.participants if not one.ours)
    return interaction.channel, interaction.accounts[0], others
