"""What channels learn after a message came: newer forms, files, signs put to it, what its address is worth."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hub.bus.base import Bus
from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.base import Envelope, Event
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    InteractionChanged,
    InteractionRevised,
    ReactionRecorded,
)
from hub.kit.clock import Clock, iso
from hub.kit.log import Log
from hub.store.base import Collection, Document
from services.interactions.models import attachment_documents, interaction_from, name_document
from services.interactions.repository import Repository, amend

SOURCE = "omnihub/interactions"
NEWS = (InteractionRevised, AttachmentFetched, ReactionRecorded, ReachabilityRecorded, ConsentRecorded)
log = Log(__name__)


class News:
    """Takes them in one by one, in their order; each may be told twice."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock

    async def take(self, envelopes: Sequence[Envelope]) -> None:
        """Stores what is new and tells what changed."""
        changes = [change for envelope in envelopes if (change := await self._changed(envelope))]
        if changes:
            await self._bus.publish(changes)

    async def _changed(self, envelope: Envelope) -> Envelope | None:
        document = await self._take(envelope.event)
        if document is None:
            return None
        change = InteractionChanged(interaction=interaction_from(document), revision=document["_v"])
        return envelope.caused(change, source=SOURCE, time=self._clock.now())

    async def _take(self, event: Event) -> Document | None:
        """The interaction that is another one now, if one is."""
        match event:
            case InteractionRevised():
                return await self._revise(event)
            case AttachmentFetched():
                return await self._fetched(event)
            case ReactionRecorded():
                return await self._reacted(event)
            case ReachabilityRecorded():
                await self._amend_address(event.address, partial(with_reachability, event))
            case ConsentRecorded():
                await self._amend_address(event.address, partial(with_consent, event))
        return None

    async def _revise(self, event: InteractionRevised) -> Document | None:
        after = await self._amend(event.id, partial(revised, event))
        if after is None:
            return None
        await self._repository.attachments.insert_many(attachment_documents(interaction_from(after)))
        names = [name_document(key, after) for key in event.keys]
        await self._repository.claims.insert_many(names)
        return after

    async def _fetched(self, event: AttachmentFetched) -> Document | None:
        stored = await self._repository.attachments.get(event.attachment.id)
        if stored:
            wanted = {**stored, **event.attachment.model_dump(mode="json"), "_id": stored["_id"]}
            await amend(self._repository.attachments, stored, lambda now: {**now, **wanted, "_v": now["_v"]})
        return await self._amend(event.interaction_id, partial(with_file, event.attachment))

    async def _reacted(self, event: ReactionRecorded) -> Document | None:
        claim = await self._repository.claims.get(event.message_key)
        if claim is None or claim["interaction_id"] is None:
            log.info("reaction.unmatched", message=event.message_key)
            return None
        return await self._amend(claim["interaction_id"], partial(with_reaction, event))

    async def _amend(self, interaction_id: str, change: Callable[[Document], Document]) -> Document | None:
        """The interaction after a change; none where there is none, or nothing new."""
        return await self._amend_one(self._repository.interactions, interaction_id, change)

    async def _amend_address(self, address: str, change: Callable[[Document], Document]) -> None:
        if await self._amend_one(self._repository.addresses, address, change) is None:
            log.debug("address.unchanged")

    async def _amend_one(
        self, collection: Collection, doc_id: str, change: Callable[[Document], Document]
    ) -> Document | None:
        stored = await collection.get(doc_id)
        if stored is None:
            log.info("news.unmatched", id=doc_id)
            return None
        after = await amend(collection, stored, change)
        return None if after is stored else after


def revised(event: InteractionRevised, interaction: Document) -> Document:
    """The interaction in its newer form, the earlier text kept; an older form changes nothing."""
    at = iso(event.revised_at)
    if (interaction.get("revised_at") or "") >= at:
        return interaction
    before = interaction.get("revisions") or []
    if interaction["text"] != event.text:
        before = [*before, {"text": interaction["text"], "until": at}]
    known = {one["id"]: one for one in interaction["attachments"]}
    files = [known.get(one.id) or one.model_dump(mode="json") for one in event.attachments]
    return {
        **interaction,
        "text": event.text,
        "html": event.html,
        "attachments": files,
        "keys": [*dict.fromkeys([*interaction["keys"], *event.keys])],
        "revisions": before,
        "revised_at": at,
    }


def with_file(attachment: Attachment, interaction: Document) -> Document:
    """The interaction with a file that is here, or never will be."""
    wanted = attachment.model_dump(mode="json")
    files = [wanted if one["id"] == attachment.id else one for one in interaction["attachments"]]
    return interaction if files == interaction["attachments"] else {**interaction, "attachments": files}


def with_reaction(event: ReactionRecorded, interaction: Document) -> Document:
    before: dict[str, Any] = interaction.get("reactions") or {}
    after = {address: signs for address, signs in before.items() if address != event.address}
    if event.signs:
        after[event.address] = list(event.signs)
    return interaction if after == before else {**interaction, "reactions": after}


def with_reachability(event: ReachabilityRecorded, address: Document) -> Document:
    """Older news never overwrites newer."""
    before = address.get("reachability") or {"at": ""}
    at = iso(event.at)
    if before["at"] >= at:
        return address
    unreachable = None if event.reachable else {"since": at, "why": event.reason}
    return {**address, "reachability": {"at": at}, "unreachable": unreachable}


def with_consent(event: ConsentRecorded, address: Document) -> Document:
    """The newest word counts, for each channel."""
    before = address.get("consent") or {}
    at = iso(event.at)
    if (before.get(event.channel) or {"at": ""})["at"] >= at:
        return address
    told = {"state": event.state, "at": at, "evidence": event.evidence, "words": event.words}
    return {**address, "consent": {**before, event.channel: told}}
