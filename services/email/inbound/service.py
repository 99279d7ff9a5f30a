"""The rules of receiving: bytes durable first, then the events, then the index (promises 1, 2 and 5)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from hub.bus.base import Bus
from hub.channels.belonging import EVERYBODYS, Lines
from hub.contracts.base import Envelope, encode
from hub.contracts.interaction import InteractionReceived, Role
from hub.contracts.park import MessageParked, RawMailStored
from hub.kit.blobs import Blobs, packed
from hub.kit.clock import Clock, iso
from hub.kit.errors import PermanentError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.email.inbound import authors
from services.email.inbound.models import Normalised, Reading, Stored, Terms
from services.email.inbound.programs import Doorkeeper
from services.email.inbound.reader import Reader
from services.email.inbound.repository import InboundRepository
from services.email.inbound.tokens import our_interaction
from services.email.inbound.warnings import Ours
from services.email.metrics import PARKED, RECEIVED
from services.email.mime import vouching, words
from services.email.models import FetchedMail, Mailbox
from services.email.settings import Settings

SOURCE = "omnihub/email"
GROUP = "email"
_HEAD = 64 * 1024
_SENDER = 200
"""Characters of a sender that a dead letter shows."""
_FROM = re.compile(rb"^From:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
log = Log(__name__)


class Own(Protocol):
    """What the hub knows to be its own."""

    async def known(self) -> Ours:
        """Addresses of all our mailboxes, and who works here."""
        ...

    async def lines(self, mailbox_ids: Iterable[str]) -> Lines:
        """Whose these mailboxes are."""
        ...

    async def logins(self) -> Mapping[str, str]:
        """Names of those who work here, by login."""
        ...

    async def sent(self, interaction_ids: Sequence[str]) -> set[str]:
        """Those that the hub itself sent, or was asked to."""
        ...


class Poison(PermanentError):
    """The mail cannot be read; its bytes are kept."""

    def __init__(self, message: str, *, sender: str = "", blob: str = "") -> None:
        super().__init__(message)
        self.sender = sender
        self.blob = blob


class Intake:
    """Takes mails over, a batch at a time; any of them may come again."""

    def __init__(
        self,
        *,
        bus: Bus,
        blobs: Blobs,
        index: InboundRepository,
        own: Own,
        clock: Clock,
        reader: Reader,
        settings: Settings,
    ) -> None:
        self._bus = bus
        self._blobs = blobs
        self._index = index
        self._own = own
        self._clock = clock
        self._reader = reader
        self._doorkeeper = Doorkeeper(settings.programs, settings.attachment_limit)
        self._trusted = frozenset(map(str.lower, settings.trusted_authserv))

    async def read(self, mailbox: Mailbox, mails: Sequence[FetchedMail], *, sent: bool = False) -> list[Reading]:
        """What a batch says; its bytes are durable then, and nobody has heard of it. `sent`: of the Sent folder."""
        stored = await self._store(mailbox, mails, sent=sent)
        seam("email.after_blob")
        if sent:
            return await self._read(stored, mailbox.id)
        return [_acknowledged(reading, mailbox) for reading in await self._read(stored, mailbox.id)]

    async def _store(self, mailbox: Mailbox, mails: Sequence[FetchedMail], *, sent: bool) -> list[Stored]:
        """All of them as one blob."""
        digest = sha256(b"".join(sha256(mail.raw).digest() for mail in mails)).hexdigest()[:16]
        key = f"raw/email/{mailbox.id}/{mails[0].uid_validity}/{mails[0].uid}-{digest}"
        names, content = packed(key, [mail.raw for mail in mails])
        await self._blobs.put(key, content)
        return [
            Stored(fact=_fact(mailbox, mail, name, sent=sent), raw=mail.raw)
            for mail, name in zip(mails, names, strict=True)
        ]

    async def replay(self, fact: RawMailStored) -> None:
        """Reads a parked mail again.

        Raises:
            Poison: it still cannot be read.
        """
        stored = Stored(fact=fact, raw=await self._blobs.get(fact.blob))
        (reading,) = await self._read([stored], fact.mailbox_id, ignore_refusal=True)
        if reading.reason:
            raise Poison(reading.reason, sender=_sender(stored.raw), blob=fact.blob)
        await self.take([reading])

    async def read_again(self, fact: RawMailStored) -> Normalised:
        """What a stored mail is read as today; nothing is stored or published.

        Raises:
            Poison: it cannot be read.
            NotFound: its bytes are gone.
        """
        stored = Stored(fact=fact, raw=await self._blobs.get(fact.blob))
        (reading,) = await self._read([stored], fact.mailbox_id, ignore_refusal=True)
        if reading.normalised is None:
            raise Poison(reading.reason)
        return reading.normalised

    async def _read(
        self, stored: Sequence[Stored], mailbox_id: str, *, ignore_refusal: bool = False
    ) -> list[Reading]:
        terms = Terms(
            received_at=self._clock.now(),
            ours=await self._own.known(),
            trusted=await self._believed(mailbox_id),
            doorkeeper=self._doorkeeper,
            ignore_refusal=ignore_refusal,
        )
        readings = await self._reader.read(stored, terms)
        if not any(one.fact.sent for one in stored):
            return readings
        logins = await self._own.logins()
        return [authors.signed(reading, logins) for reading in readings]

    async def take(self, readings: Sequence[Reading]) -> int:
        """How many interactions were published; when it returns, the batch is taken over."""
        told = {_entry_id(reading): reading for reading in readings if not authors.is_among_ourselves(reading)}
        new, blobs = _with_pages(await self._unpublished(told))
        blobs |= {key: raw for r in new.values() if r.normalised for key, raw in r.normalised.blobs.items()}
        if blobs:
            await self._blobs.put_many(blobs)
        echoes = await self._echoes(new)
        told = {key: reading for key, reading in new.items() if key not in echoes}
        now = self._clock.now()
        lines = await self._own.lines({reading.stored.fact.mailbox_id for reading in told.values()})
        envelopes = [Envelope(event=_event(r, lines, now), source=SOURCE, time=now) for r in told.values()]
        if envelopes:
            await self._bus.publish(envelopes)
        seam("email.after_publish")
        await self._index.record([_entry(key, reading, now) for key, reading in new.items()])
        await self._learn(new.values())
        return self._counted(list(told.values()))

    async def _believed(self, mailbox_id: str) -> frozenset[str]:
        """Servers whose verdicts count: those of the settings, else those that the mailbox taught."""
        if self._trusted:
            return self._trusted
        domain = vouching.learned(await self._index.voucher(mailbox_id))
        return frozenset({f".{domain}"}) if domain else frozenset()

    async def _learn(self, readings: Iterable[Reading]) -> None:
        """From mails that are new, in the order in which the server got them."""
        by_mailbox: dict[str, list[Reading]] = {}
        for reading in readings:
            if reading.normalised and not self._trusted and not reading.stored.fact.sent:
                by_mailbox.setdefault(reading.stored.fact.mailbox_id, []).append(reading)
        for mailbox_id, mails in by_mailbox.items():
            known = before = await self._index.voucher(mailbox_id)
            for reading in mails:
                assert reading.normalised
                known = vouching.with_evidence(known, reading.normalised.evidence, reading.stored.fact.received_at)
            if known != before:
                await self._index.vouch(mailbox_id, known)

    async def _unpublished(self, readings: dict[str, Reading]) -> dict[str, Reading]:
        known = await self._index.published(readings)
        return {key: reading for key, reading in readings.items() if key not in known}

    async def _echoes(self, readings: dict[str, Reading]) -> set[str]:
        """Entries of mails that we sent ourselves and got back: the Message-ID is ours, and so is the sender."""
        suspects = {key: found for key, reading in readings.items() if (found := _claimed(reading))}
        sent = await self._own.sent(list(suspects.values())) if suspects else set()
        return {key for key, interaction_id in suspects.items() if interaction_id in sent}

    def _counted(self, readings: list[Reading]) -> int:
        taken = 0
        for reading in readings:
            mailbox = reading.stored.fact.mailbox_id
            if reading.reason:
                PARKED.labels(mailbox).inc()
                log.warning("mail.parked", mailbox_id=mailbox, uid=reading.stored.fact.uid, reason=reading.reason)
            else:
                taken += 1
                RECEIVED.labels(mailbox).inc()
        return taken


def _fact(mailbox: Mailbox, mail: FetchedMail, blob: str, *, sent: bool) -> RawMailStored:
    return RawMailStored(
        mailbox_id=mailbox.id,
        uid=mail.uid,
        uid_validity=mail.uid_validity,
        received_at=mail.at,
        blob=blob,
        refused=mail.refused,
        sent=sent,
    )


def _with_pages(readings: dict[str, Reading]) -> tuple[dict[str, Reading], dict[str, bytes]]:
    """The readings whose HTML has a name, and that HTML: all of a batch as one blob."""
    pages = {key: reading.normalised for key, reading in readings.items() if reading.normalised}
    pages = {key: normalised for key, normalised in pages.items() if normalised.page}
    if not pages:
        return readings, {}
    contents = [normalised.page for normalised in pages.values()]
    blob = f"html/{sha256(b''.join(sha256(content).digest() for content in contents)).hexdigest()}"
    names, content = packed(blob, contents)
    named = dict(readings)
    for (key, normalised), name in zip(pages.items(), names, strict=True):
        event = normalised.event.model_copy(update={"html": name})
        named[key] = replace(readings[key], normalised=replace(normalised, event=event))
    return named, {blob: content}


def _acknowledged(reading: Reading, mailbox: Mailbox) -> Reading:
    """With what the mailbox answers by itself: to people, and not to what it held when it was added."""
    made, since = reading.normalised, mailbox.since
    if not mailbox.auto_reply or made is None or made.event.auto or made.event.bounce:
        return reading
    if since and reading.stored.fact.received_at < since.replace(microsecond=0):
        return reading
    event = made.event.model_copy(update={"acknowledge": mailbox.auto_reply})
    return replace(reading, normalised=replace(made, event=event))


def _entry_id(reading: Reading) -> str:
    """One for each mail and mailbox, whatever its UID is at the moment."""
    mailbox = reading.stored.fact.mailbox_id
    if reading.normalised:
        return f"{reading.normalised.event.id}/{mailbox}"
    return f"parked-{sha256(reading.stored.raw).hexdigest()}/{mailbox}"


def _entry(entry_id: str, reading: Reading, now: datetime) -> Document:
    event = reading.normalised.event if reading.normalised else None
    return {
        "_id": entry_id,
        "mailbox_id": reading.stored.fact.mailbox_id,
        "message_id": event.keys[0].removeprefix("email:") if event and event.keys else "",
        "blob": reading.stored.fact.blob,
        **({"sent": True} if reading.stored.fact.sent else {}),
        "at": iso(now),
    }


def _claimed(reading: Reading) -> str | None:
    """The interaction of ours that this mail says to be."""
    if reading.normalised is None:
        return None
    event = reading.normalised.event
    from_us = any(person.ours for person in event.participants if person.role is Role.FROM)
    return our_interaction(event.keys[0].removeprefix("email:")) if from_us and event.keys else None


def _event(reading: Reading, lines: Lines, now: datetime) -> InteractionReceived | MessageParked:
    if reading.normalised:
        return lines.get(reading.stored.fact.mailbox_id, EVERYBODYS).stamped(reading.normalised.event)
    record = encode(Envelope(event=reading.stored.fact, source=SOURCE, time=reading.stored.fact.received_at))
    error = Poison(reading.reason, sender=_sender(reading.stored.raw), blob=reading.stored.fact.blob)
    return MessageParked.of(record, group=GROUP, error=error, parked_at=now)


def _sender(raw: bytes) -> str:
    """What the From line says, as far as it can be read."""
    found = _FROM.search(raw[:_HEAD])
    return words.decode(found[1])[:_SENDER] if found else ""
