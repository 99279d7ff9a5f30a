"""What channels learn after a message came: newer forms, files, signs put to it, what its address is worth."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hub.contracts.address import ConsentRecorded, ReachabilityRecorded
from hub.contracts.base import Envelope
from hub.contracts.campaign import MailedRecorded
from hub.contracts.interaction import (
    Attachment,
    AttachmentFetched,
    CallChanged,
    InteractionReread,
    InteractionRevised,
    ReactionRecorded,
    Reading,
)
from hub.kit.clock import iso
from hub.store.amend import amend
from hub.store.base import Document
from hub.store.told import Debt, tell
from services.interactions.deliveries import Missing
from services.interactions.mailed import Absent, Mailed
from services.interactions.models import attachment_documents, interaction_name
from services.interactions.repository import Repository

NEWS = (
    InteractionRevised,
    InteractionReread,
    AttachmentFetched,
    ReactionRecorded,
    CallChanged,
    ReachabilityRecorded,
    ConsentRecorded,
    MailedRecorded,
)
_FORMS_BYTES = 16_000
"""Of earlier forms in one interaction: the first one and as many of the newest as fit; each was told when it came."""
_SIGNS = 200
"""Addresses whose reactions one interaction keeps, the newest ones."""


class Unplaced(Exception):
    """It is about something that is not stored yet. Never leaves this file."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class News:
    """Takes them in one by one, in their order; each may be told twice."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._mailed = Mailed(repository)

    async def take(self, envelopes: Sequence[Envelope]) -> Missing:
        """Stores what is new and tells what changed; what is about something that is not stored yet."""
        missing: Missing = []
        debts: list[Debt] = []
        for envelope in envelopes:
            try:
                debts.append(await self._take(envelope))
            except Unplaced as exc:
                missing.append((exc.name, envelope))
        await tell(*debts)
        return missing

    async def _take(self, envelope: Envelope) -> Debt:
        match envelope.event:
            case InteractionRevised():
                return await self._revise(envelope)
            case InteractionReread():
                return await self._reread(envelope)
            case AttachmentFetched():
                return await self._fetched(envelope)
            case ReactionRecorded():
                return await self._reacted(envelope)
            case CallChanged() as event:
                return await self._amend(event.interaction_id, partial(with_call, event), envelope)
            case ReachabilityRecorded() as event:
                return await self._amend_address(event.address, partial(with_reachability, event), envelope)
            case ConsentRecorded() as event:
                return await self._amend_address(event.address, partial(with_consent, event), envelope)
            case MailedRecorded() as event:
                return await self._take_mailed(event, envelope)
            case _:
                raise TypeError(f"{envelope.event.TYPE} is no news")

    async def _take_mailed(self, event: MailedRecorded, envelope: Envelope) -> Debt:
        try:
            taken = await self._mailed.take(event, envelope)
        except Absent as exc:
            raise Unplaced(exc.name) from exc
        return self._repository.interactions, [taken] if taken else []

    async def _revise(self, envelope: Envelope) -> Debt:
        event = envelope.event
        assert isinstance(event, InteractionRevised)
        debt = await self._amend(event.id, partial(revised, event), envelope)
        after = next(iter(debt[1]))
        await self._repository.attachments.insert_many(attachment_documents(after))
        await self._repository.name(dict.fromkeys(event.keys, after))
        return debt

    async def _reread(self, envelope: Envelope) -> Debt:
        event = envelope.event
        assert isinstance(event, InteractionReread)
        debt = await self._amend(event.id, partial(reread, event), envelope)
        after = next(iter(debt[1]))
        if after["reread_at"] == iso(event.reread_at):
            files = {each["_id"]: each for each in attachment_documents(after)}
            new = await self._repository.attachments.insert_many(list(files.values()))
            for each_id in files.keys() - new:
                await amend(self._repository.attachments, each_id, partial(_with, files[each_id]))
        return debt

    async def _fetched(self, envelope: Envelope) -> Debt:
        event = envelope.event
        assert isinstance(event, AttachmentFetched)
        debt = await self._amend(event.interaction_id, partial(with_file, event.attachment), envelope)
        wanted = event.attachment.model_dump(mode="json")
        await amend(self._repository.attachments, event.attachment.id, lambda now: {**now, **wanted})
        return debt

    async def _reacted(self, envelope: Envelope) -> Debt:
        event = envelope.event
        assert isinstance(event, ReactionRecorded)
        claim = await self._repository.claims.get(event.message_key)
        if claim is None or claim["interaction_id"] is None:
            raise Unplaced(event.message_key)
        return await self._amend(claim["interaction_id"], partial(with_reaction, event), envelope)

    async def _amend(self, interaction_id: str, change: Callable[[Document], Document], cause: Envelope) -> Debt:
        after = await self._repository.interactions.amend(interaction_id, change, cause=cause)
        if after is None:
            raise Unplaced(interaction_name(interaction_id))
        return self._repository.interactions, [after]

    async def _amend_address(self, address: str, change: Callable[[Document], Document], cause: Envelope) -> Debt:
        """What is said of an address is kept, whether it is a client's or nobody's yet."""
        addresses = self._repository.addresses
        blank = {"_id": address, "address": address, "raw": "", "name": "", "client_id": None}
        stored, new = await addresses.insert(change(blank), cause=cause)
        after = stored if new else await addresses.amend(address, change, cause=cause)
        return addresses, [after or stored]


def revised(event: InteractionRevised, interaction: Document) -> Document:
    """The interaction in its newer form, the earlier text kept; an older form changes nothing."""
    at = iso(event.revised_at)
    if (interaction.get("revised_at") or "") >= at:
        return interaction
    before = interaction.get("revisions") or []
    if interaction["text"] != event.text:
        before = _bounded([*before, {"text": interaction["text"], "until": at}])
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
        "revised_times": (interaction.get("revised_times") or 0) + 1,
    }


def reread(event: InteractionReread, interaction: Document) -> Document:
    """The interaction as it is read now; what people did to it stays. An older reading changes nothing."""
    at = iso(event.reread_at)
    if (interaction.get("reread_at") or "") >= at:
        return interaction
    told = event.model_dump(mode="json", include={*Reading.model_fields, "subject", "text", "attachments"})
    return {**interaction, **told, "reread_at": at}


def _with(wanted: Document, stored: Document) -> Document:
    return {**stored, **wanted}


def _bounded(forms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first form and the newest ones, as many as there is room for."""
    first, *later = forms
    room = _FORMS_BYTES - len(first["text"].encode())
    kept: list[dict[str, Any]] = []
    for form in reversed(later):
        room -= len(form["text"].encode())
        if room < 0:
            break
        kept.insert(0, form)
    return [first, *kept]


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
        after = dict(list(after.items())[-_SIGNS:])
    return interaction if after == before else {**interaction, "reactions": after}


def with_call(event: CallChanged, interaction: Document) -> Document:
    """The interaction with its call as it is now; older news changes nothing. Whose an address is stays."""
    before = interaction.get("call")
    if before and before["revision"] >= event.call.revision:
        return interaction
    owners = {one["address"]: one["client_id"] for one in interaction["participants"]}
    people = [one.model_dump(mode="json") for one in event.participants]
    people = [one if one["ours"] else {**one, "client_id": owners.get(one["address"])} for one in people]
    return {**interaction, "call": event.call.model_dump(mode="json"), "participants": people}


def with_reachability(event: ReachabilityRecorded, address: Document) -> Document:
    """Older news never overwrites newer."""
    before = address.get("reachability") or {"at": ""}
    at = iso(event.at)
    if before["at"] >= at:
        return address
    unreachable = None if event.reachable else {"since": at, "why": event.reason}
    return {**address, "reachability": {"at": at}, "unreachable": unreachable}


def with_consent(event: ConsentRecorded, address: Document) -> Document:
    """The newest word counts, for each channel and each topic in it; of two of one moment the withdrawal does."""
    before = address.get("consent") or {}
    at = iso(event.at)
    about = f"{event.channel}/{event.topic}" if event.topic else event.channel
    said = before.get(about) or {"at": "", "state": ""}
    withdraws = event.state == "withdrawn" and said["state"] == "given"
    if said["at"] > at or (said["at"] == at and not withdraws):
        return address
    told = {"state": event.state, "at": at, "evidence": event.evidence, "words": event.words}
    return {**address, "consent": {**before, about: told}}
