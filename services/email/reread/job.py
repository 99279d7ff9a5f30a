"""The job that reads all mails of a mailbox again by today's code; nobody is told, nothing is sent.

Without `apply` its results show what would change, and nothing changes. With it the interactions service takes the
new readings over, silently; reverted, it takes the earlier ones back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.interaction import Attachment, InteractionReread, Reading
from hub.contracts.park import RawMailStored
from hub.jobs.models import Args, ItemResult, Step, each
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import NotFound, PermanentError
from hub.store.base import Document
from services.email.inbound.models import Normalised
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import SOURCE, Intake
from services.email.reread.models import Form, Held, compared, difference

PAGE = 20
"""Mails of a step."""


class Interactions(Protocol):
    """The service that has what the mails became."""

    async def held(self, interaction_id: str) -> Held | None:
        """None: it has no such interaction. Raises TransientError."""
        ...

    async def attachment(self, attachment: Attachment) -> Attachment:
        """With the key of its blob. Raises TransientError."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """A mail that is read otherwise today."""

    interaction_id: str
    before: Form
    after: Form
    blobs: dict[str, bytes]


class Reread:
    """Arguments: `mailbox_id`, `apply`, and `run`, which names this job where the earlier readings are kept."""

    kind = "reread"
    sends = False

    def __init__(
        self,
        *,
        intake: Intake,
        index: InboundRepository,
        interactions: Interactions,
        blobs: Blobs,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._index = index
        self._interactions = interactions
        self._blobs = blobs
        self._bus = bus
        self._clock = clock

    async def total(self, args: Args) -> int | None:
        return await self._index.count(args["mailbox_id"])

    async def step(self, args: Args, cursor: str | None) -> Step:
        page = await self._index.page(args["mailbox_id"], limit=PAGE, after=cursor)
        changes: list[Change] = []

        async def look(entry: Document) -> Document:
            return await self._look(entry, changes)

        results = await each(page.items, lambda entry: str(entry["_id"]), look)

        async def act() -> None:
            await self._apply(args, changes)

        return Step(results, page.next, act if args["apply"] else None)

    def revertible(self, args: Args) -> bool:
        return bool(args["apply"])

    async def revert(self, args: Args, results: Sequence[ItemResult]) -> None:
        changed = [result.id.partition("/")[0] for result in results if result.detail.get("changed", True)]
        kept = {i: await self._earlier(args, i) for i in changed}
        await self._publish([(i, form) for i, form in kept.items() if form])

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:
        """The earlier readings are kept as long as the job."""
        if args["apply"]:
            await self._blobs.delete([_kept(args, result.id.partition("/")[0]) for result in results])

    async def _earlier(self, args: Args, interaction_id: str) -> Form | None:
        """None: its new reading was never told; the job ended before."""
        try:
            return Form.model_validate_json(await self._blobs.get(_kept(args, interaction_id)))
        except NotFound:
            return None

    async def _look(self, entry: Document, changes: list[Change]) -> Document:
        interaction_id, _, mailbox_id = entry["_id"].partition("/")
        held = None if interaction_id.startswith("parked-") else await self._interactions.held(interaction_id)
        if held is None:
            return _unchanged(interaction_id, "there is no interaction of it: it was parked, or sent by us")
        if held.accounts[0] != mailbox_id:
            return _unchanged(interaction_id, f"it was read as {held.accounts[0]} received it")
        fact = RawMailStored(
            mailbox_id=mailbox_id,
            uid=0,
            uid_validity=0,
            received_at=from_iso(entry["at"]),
            blob=entry["blob"],
            sent=entry.get("sent", False),
        )
        normalised = await self._intake.read_again(fact)
        if normalised.event.id != interaction_id:
            raise PermanentError(f"today it would be another interaction, {normalised.event.id}")
        return await self._compare(normalised, held, changes)

    async def _compare(self, normalised: Normalised, held: Held, changes: list[Change]) -> Document:
        event, blobs = normalised.event, dict(normalised.blobs)
        digest = sha256(normalised.page).hexdigest() if normalised.page else ""
        stored = sha256(await self._blobs.get(held.reading.html)).hexdigest() if held.reading.html else ""
        found = difference(
            compared(held.subject, held.text, held.reading, held.attachments, stored),
            compared(event.subject, event.text, event, event.attachments, digest),
        )
        if found["changed"]:
            html = held.reading.html if digest == stored else f"html/{digest}" if digest else None
            if html and digest != stored:
                blobs[html] = normalised.page
            files = tuple([await self._interactions.attachment(one) for one in held.attachments])
            named = {"account": event.account, "sender": event.key()}
            before = Form(subject=held.subject, text=held.text, reading=held.reading, attachments=files, **named)
            reading = Reading.model_validate({**_fields(event), "html": html})
            after = Form(
                subject=event.subject, text=event.text, reading=reading, attachments=event.attachments, **named
            )
            changes.append(Change(event.id, before, after, blobs))
        return {"id": event.id, **found}

    async def _apply(self, args: Args, changes: Sequence[Change]) -> None:
        """The earlier readings are durable before they are replaced."""
        blobs = {_kept(args, one.interaction_id): one.before.model_dump_json().encode() for one in changes}
        for one in changes:
            blobs |= one.blobs
        if blobs:
            await self._blobs.put_many(blobs)
        await self._publish([(one.interaction_id, one.after) for one in changes])

    async def _publish(self, forms: Sequence[tuple[str, Form]]) -> None:
        now = self._clock.now()
        events = [_event(interaction_id, form, now) for interaction_id, form in forms]
        if events:
            await self._bus.publish([Envelope(event=event, source=SOURCE, time=now) for event in events])


def _unchanged(interaction_id: str, note: str) -> Document:
    return {"id": interaction_id, "changed": [], "note": note}


def _kept(args: Args, interaction_id: str) -> str:
    """Where the earlier reading is."""
    return f"reread/{args['run']}/{interaction_id}"


def _fields(reading: Reading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in Reading.model_fields}


def _event(interaction_id: str, form: Form, now: datetime) -> InteractionReread:
    return InteractionReread(
        **_fields(form.reading),
        id=interaction_id,
        account=form.account,
        sender=form.sender,
        subject=form.subject,
        text=form.text,
        attachments=form.attachments,
        reread_at=now,
    )
