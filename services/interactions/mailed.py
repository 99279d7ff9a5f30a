"""A mailing's message on which something came back: from then on it is in its recipient's chain.

The others are in the mailing's ledger alone: a hundred thousand chains that nobody has to do anything about would
bury those that somebody has.
"""

from hub.contracts.base import Envelope
from hub.contracts.campaign import MailedRecorded
from hub.contracts.interaction import (
    Delivery,
    DeliveryState,
    Direction,
    Interaction,
    Link,
    MailingNote,
    Participant,
    Role,
)
from hub.store.base import Document
from hub.store.told import CORRELATION
from services.interactions.linking import mailed_chain_id
from services.interactions.models import interaction_document, interaction_name
from services.interactions.outgoing import Draft, Outgoing
from services.interactions.repository import Repository
from services.interactions.roots import roots

_POST = "post"
RULE = "mailing"
"""Of the link of such a message, where it opened its chain."""


class Absent(Exception):
    """What it is beside is not stored yet. Never leaves this service."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Mailed:
    """Takes them in; each may be told twice."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._outgoing = Outgoing(repository)

    async def take(self, event: MailedRecorded, cause: Envelope) -> Document | None:
        """The interaction as it is then; none where the address is nobody's. Raises Absent."""
        known = await self._repository.interactions.get(event.id)
        if known is None:
            known = await self._placed(event)
        if known is None:
            return None
        after = await self._repository.interactions.amend(event.id, lambda now: with_note(event, now), cause=cause)
        await self._repository.name(dict.fromkeys(event.keys, after or known))
        return after or known

    async def _placed(self, event: MailedRecorded) -> Document | None:
        place = await self._place(event)
        if place is None:
            return None
        interaction = _interaction(event, *place)
        document = interaction_document(interaction)
        document[CORRELATION] = event.event_id()
        accepted = await self._outgoing.accept(Draft(document=document, also=()))
        return accepted.document

    async def _place(self, event: MailedRecorded) -> tuple[str, str] | None:
        """Client and chain: those of what came back; else of whoever has the address, in a chain of its own."""
        if event.beside:
            reply = await self._repository.interactions.get(event.beside)
            if reply is None:
                raise Absent(interaction_name(event.beside))
            return reply["client_id"], reply["chain_id"]
        address = await self._repository.addresses.get(event.address)
        whose = (address and address["client_id"]) or (event.client_id if event.channel == _POST else None)
        if not whose:
            return None
        client = (await roots(self._repository.clients, [whose])).get(whose)
        return (client["_id"], mailed_chain_id(event.id, event.address)) if client else None


def with_note(event: MailedRecorded, interaction: Document) -> Document:
    """The interaction with what came back on it; older news changes nothing."""
    before = interaction.get("mailing") or {"revision": 0}
    if before["revision"] >= event.revision:
        return interaction
    note = _note(event).model_dump(mode="json")
    bounced = any(one.kind == "bounced" for one in event.answers)
    if not bounced:
        return {**interaction, "mailing": note}
    words = next(one.words for one in event.answers if one.kind == "bounced")
    delivery = {**(interaction["delivery"] or {}), "state": DeliveryState.BOUNCED.value, "reason": words}
    return {**interaction, "mailing": note, "delivery": delivery}


def _note(event: MailedRecorded) -> MailingNote:
    return MailingNote(id=event.mailing, name=event.name, answers=event.answers, revision=event.revision)


def _interaction(event: MailedRecorded, client_id: str, chain_id: str) -> Interaction:
    bare = event.address.partition(":")[2]
    person = Participant(role=Role.TO, address=event.address, raw=bare, client_id=client_id)
    return Interaction(
        id=event.id,
        channel=event.channel,
        type=event.channel,
        direction=Direction.OUT,
        accounts=(event.account,),
        at=event.sent_at,
        client_id=client_id,
        chain_id=chain_id,
        subject=event.subject,
        text=event.text,
        participants=(person,),
        delivery=Delivery(state=DeliveryState.SENT),
        link=Link(rule=RULE, evidence=event.mailing),
        keys=event.keys,
        auto="bulk",
        mailing=None,
    )
