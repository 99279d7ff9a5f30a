"""An employee's answer in a chain: planned, stored with the events it owes, and told to the channel."""

import re
from base64 import b32encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.bounce import from_robot
from hub.contracts.interaction import (
    Attachment,
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    InteractionPlanned,
    Link,
    Participant,
    Role,
    SendMessage,
)
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound, TransientError, Unsupported
from hub.kit.ids import derive, fresh
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.outbox import owed, publish_owed
from services.interactions.linking import counterpart
from services.interactions.models import interaction_document, interaction_from, with_head
from services.interactions.repository import Repository
from services.interactions.service import SOURCE, name_document

log = Log(__name__)
_REPLY = re.compile(r"^\s*(re|ha|отв|aw|sv)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_ADDRESS = re.compile(r"^[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,253}$")
_TOKEN_BYTES = 10


class Answer(BaseModel):
    """What the employee writes; the recipient, subject and references come from the message that is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=1_000_000)
    html: str | None = Field(default=None, max_length=1_000_000)
    cc: tuple[str, ...] = Field(default=(), max_length=50)
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=50)


class Answers:
    """Accepts answers; the sending is the channel's."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock

    async def plan(self, chain_id: str, answer: Answer, *, author: str, idempotency_key: str | None) -> Document:
        """Stores the planned interaction with the events it owes and publishes them.

        The same key of the same author gives the same interaction.

        Raises:
            NotFound: no such chain.
            InvalidInput: a Cc address is none.
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
        cause = await self._answered(chain_id)
        document = self._document(chain, cause, answer, interaction_id, author)
        await self._repository.claims.insert_many([name_document(f"token:{token_of(interaction_id)}", document)])
        if not await self._repository.interactions.insert(document):
            stored = await self._repository.interactions.get(interaction_id)
            return _same(stored or document, answer)
        stored = {**document, "_v": 1}
        try:
            await publish_owed(self._repository.interactions, stored, self._bus)
        except TransientError as exc:
            # It is stored with what it owes: accepted all the same, the sweeper publishes it.
            log.warning("answer.owed", interaction_id=interaction_id, reason=str(exc))
        await self._move_on(interaction_from(document))
        return stored

    def _fresh_id(self) -> str:
        return fresh("in", at=int(self._clock.now().timestamp()))

    async def _answered(self, chain_id: str) -> Document:
        """The newest message of the client; where he never wrote, our own last one; never a machine's if possible."""
        newest = await self._repository.newest_of_chain(chain_id)
        if not newest:
            raise Unsupported("the chain holds no message yet; there is nobody to answer")
        of_people = [one for one in newest if not from_robot(one.get("auto"), one.get("bounce"))]
        return next((one for one in of_people if one["direction"] == Direction.IN), (of_people or newest)[0])

    def _document(
        self, chain: Document, cause: Document, answer: Answer, interaction_id: str, author: str
    ) -> Document:
        planned = self._planned(chain, interaction_from(cause), answer, interaction_id, author)
        command = _command(planned, interaction_from(cause), answer)
        now = self._clock.now()
        told = Envelope(event=InteractionPlanned(interaction=planned), source=SOURCE, time=now)
        envelopes = [told, told.caused(command, source=SOURCE, time=now)]
        return {
            **interaction_document(planned),
            "request": _fingerprint(answer),
            "outbox": owed(envelopes),
            "owes": True,
        }

    def _planned(
        self, chain: Document, cause: Interaction, answer: Answer, interaction_id: str, author: str
    ) -> Interaction:
        return Interaction(
            id=interaction_id,
            channel=cause.channel,
            type=cause.type,
            direction=Direction.OUT,
            accounts=cause.accounts[:1],
            at=self._clock.now(),
            client_id=chain["client_id"],
            chain_id=chain["_id"],
            cause_id=cause.id,
            subject=reply_subject(cause.subject),
            text=answer.text,
            participants=(*_recipients(cause), *_copied(answer.cc)),
            attachments=answer.attachments,
            delivery=Delivery(state=DeliveryState.QUEUED),
            link=Link(rule="answer", evidence=cause.id),
            author=author,
        )

    async def _move_on(self, interaction: Interaction) -> None:
        """Lets the chain and the client know of it; a lost race leaves them to the next interaction."""
        await self._repository.touch_chains([interaction])
        client = await self._repository.clients.get(interaction.client_id)
        if client:
            head = with_head(client, interaction.id, interaction.chain_id, interaction.subject, iso(interaction.at))
            await self._repository.clients.swap(head)


def token_of(interaction_id: str) -> str:
    """What a reply is recognised by when its references are lost: 16 of A-Z and 2-7 (80 bits)."""
    return b32encode(blake2b(interaction_id.encode(), digest_size=_TOKEN_BYTES).digest()).decode()


def reply_subject(subject: str) -> str:
    """The subject of the message that is answered, marked as a reply once."""
    return subject if _REPLY.match(subject) else f"Re: {subject}".rstrip()


def _command(planned: Interaction, cause: Interaction, answer: Answer) -> SendMessage:
    prefix = f"{cause.channel}:"
    return SendMessage(
        id=planned.id,
        channel=planned.channel,
        account=planned.accounts[0],
        to=planned.participants,
        subject=planned.subject,
        text=answer.text,
        html=answer.html,
        attachments=answer.attachments,
        reply_to_key=next(iter(cause.keys), None),
        thread_keys=tuple(name for name in (*reversed(cause.refs), *cause.keys) if name.startswith(prefix)),
        token=token_of(planned.id),
    )


def _recipients(cause: Interaction) -> Sequence[Participant]:
    if cause.direction is Direction.OUT:
        return [p for p in cause.participants if p.role in (Role.TO, Role.CC)]
    reply_to = [p for p in cause.participants if p.role is Role.REPLY_TO and not p.ours]
    other = reply_to[0] if reply_to else counterpart(cause.participants)
    if other is None or not other.address:
        raise Unsupported("the message names no sender; write to the client from his card instead")
    return [other.model_copy(update={"role": Role.TO})]


def _copied(cc: Sequence[str]) -> list[Participant]:
    copied = []
    for position, text in enumerate(cc):
        address = text.strip()
        if not _ADDRESS.match(address):
            raise InvalidInput(
                f"cc: {text!r} is not a mail address",
                fields={f"cc.{position}": f"{text!r} is not a mail address; write it as name@example.com"},
            )
        copied.append(Participant(role=Role.CC, address=f"email:{address.lower()}", raw=address))
    return copied


def _fingerprint(answer: Answer) -> str:
    return derive("rq", answer.model_dump_json())


def _same(earlier: Document, answer: Answer) -> dict[str, Any]:
    if earlier.get("request") != _fingerprint(answer):
        raise Conflict("this Idempotency-Key was used for another message; use a new key")
    return earlier
