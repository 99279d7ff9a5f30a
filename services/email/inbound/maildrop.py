"""The loop door to a POP3 maildrop: in each session what is new is taken over, and then what may go is deleted."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.kit.clock import Clock
from hub.kit.ids import derive
from hub.kit.seams import seam
from hub.kit.tracing.events import receiving
from services.email.errors import MailRefusedByServer, MailServerUnavailable
from services.email.inbound.ahead import ahead
from services.email.inbound.models import Reading
from services.email.inbound.notes import note_failure
from services.email.inbound.repository import SeenRepository
from services.email.inbound.service import Intake
from services.email.mime import dates
from services.email.models import FetchedMail, Mailbox, is_wanted
from services.email.settings import Settings

SESSION = 1000
"""Mails of one session, at most: what may be deleted goes only when the session ends."""
_TRIES = 3
"""So often a mail is asked for whole, and then as often for its headers."""
_RECEIVED = re.compile(rb"^Received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_HEAD = 64 * 1024


class Maildrop(Protocol):
    """One session with a maildrop; every method raises MailServerUnavailable when the server is gone."""

    async def listing(self) -> list[tuple[int, str]]:
        """Number and lasting name of each mail."""
        ...

    async def sizes(self, numbers: Collection[int]) -> dict[int, int]: ...

    async def fetch(self, number: int) -> bytes:
        """May raise MailRefusedByServer."""
        ...

    async def head(self, number: int) -> bytes:
        """May raise MailRefusedByServer."""
        ...

    async def delete(self, numbers: Sequence[int]) -> list[int]:
        """Those of them that go when the session ends well."""
        ...


OpenMaildrop = Callable[[], AbstractAsyncContextManager[Maildrop]]
"""Raises LoginRefused or MailServerUnavailable, also at its end."""


class Place(NamedTuple):
    """Where a mail lies: its number in the session at hand, and the name that lasts."""

    number: int
    name: str


class Found(NamedTuple):
    """What became of one mail: none for one that is left alone; whole if nothing of it lies on the server alone."""

    key: str
    mail: FetchedMail | None
    whole: bool


class Taken(NamedTuple):
    """A batch, and what it says."""

    found: list[Found]
    readings: list[Reading]


class MaildropPoller:
    """Receives for one mailbox by POP3."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        open_maildrop: OpenMaildrop,
        intake: Intake,
        seen: SeenRepository,
        health: HealthNotes,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._mailbox = mailbox
        self._open_maildrop = open_maildrop
        self._intake = intake
        self._seen = seen
        self._health = health
        self._clock = clock
        self._settings = settings
        self._pause = Pause(cap=settings.reconnect_cap)
        self._known: dict[str, bool] | None = None
        """What is stored as seen, between two sessions; read again after every failure."""
        self._settled_listing: list[tuple[int, str]] = []  # what lay there when a session left nothing to do
        self._tries: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self.in_hand = asyncio.Lock()
        """Held while a batch is taken over, or something is deleted."""

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong is noted, and tried again after a pause."""
        while True:
            try:
                await self._look()
                continue
            except Exception as exc:
                note_failure(self._health, exc, self._mailbox.id)
            self._known = None
            await self._pause.rest()

    async def _look(self) -> None:
        """One session, and a pause where it found no more than it could take over."""
        async with self._open_maildrop() as maildrop:
            more = await self._session(maildrop)
        if self._tries and not more:
            raise MailServerUnavailable(
                "protocol", f"mails not handed over: {next(iter(self._reasons.values()), '')}"
            )
        self._pause.reset()
        if not more:
            self._health.looked()
            # Else a mailbox that works turns red between two looks.
            await asyncio.sleep(min(self._settings.pop_interval, self._settings.silence / 2).total_seconds())

    async def _session(self, maildrop: Maildrop) -> bool:
        """Whether there is more than one session takes."""
        listing = await maildrop.listing()
        if self._known is not None and listing == self._settled_listing:
            return False
        self._settled_listing = []
        if self._known is None:
            self._known = await self._seen.all(self._mailbox.id)
        # Tens of thousands of names take a while to be hashed.
        lying = await asyncio.to_thread(_by_key, self._mailbox.id, listing)
        await self._forget(lying.keys())
        # What was not handed over twice comes last, so that it holds up nothing; once may be the line's fault.
        new = sorted((key for key in lying if key not in self._known), key=lambda key: self._tries.get(key, 0) > 1)
        await self._take_over(maildrop, {key: lying[key] for key in new[:SESSION]})
        more = False if self._mailbox.leave else await self._delete(maildrop, lying)
        more = more or len(new) > SESSION
        if not more and not self._tries and len(self._known) == len(lying):  # what goes makes another listing
            self._settled_listing = listing
        return more

    async def _forget(self, lying: Collection[str]) -> None:
        """What is gone from the server, so that no more is remembered than lies there."""
        assert self._known is not None
        await self._let_go([key for key in self._known if key not in lying])
        for key in [key for key in self._tries if key not in lying]:
            self._settled(key)

    async def _take_over(self, maildrop: Maildrop, wanted: Mapping[str, Place]) -> None:
        async with aclosing(ahead(self._read(maildrop, wanted))) as batches:
            async for found, readings in batches:
                async with self.in_hand:
                    await self._take(found, readings)

    async def _read(self, maildrop: Maildrop, wanted: Mapping[str, Place]) -> AsyncGenerator[Taken, None]:
        """While one batch is published, the next one is read and the one behind it fetched."""
        async with aclosing(ahead(self._fetched(maildrop, wanted))) as batches:
            async for found in batches:
                mails = [one.mail for one in found if one.mail]
                yield Taken(found, await self._intake.read(self._mailbox, mails) if mails else [])

    async def _take(self, found: Sequence[Found], readings: Sequence[Reading]) -> None:
        assert self._known is not None
        if readings:
            with receiving("email", channel="email", account=self._mailbox.id):
                if await self._intake.take(readings):
                    self._health.received()
        seam("email.before_seen")
        seen = {one.key: one.whole for one in found}
        await self._seen.add(self._mailbox.id, seen)
        self._known |= seen
        seam("email.after_seen")

    async def _delete(self, maildrop: Maildrop, lying: Mapping[str, Place]) -> bool:
        """What was taken over whole. Of mails of one name all go, or none: nobody knows which of them is which. Names
        are forgotten before mails go, for others may have them then (RFC 1939); what stays comes again.
        """
        known = self._known or {}
        kept = {place.name for key, place in lying.items() if not known.get(key)}
        ready = {place.number: key for key, place in lying.items() if known.get(key) and place.name not in kept}
        if ready:
            async with self.in_hand:
                going = await maildrop.delete(list(ready)[:SESSION])
                await self._let_go([ready[number] for number in going])
            seam("email.after_delete")
        return len(ready) > SESSION

    async def _let_go(self, keys: Sequence[str]) -> None:
        assert self._known is not None
        await self._seen.forget(keys)
        for key in keys:
            self._known.pop(key, None)

    async def _fetched(self, maildrop: Maildrop, wanted: Mapping[str, Place]) -> AsyncGenerator[list[Found], None]:
        """In batches of a bounded number of mails and bytes; a larger mail is alone."""
        sizes = await maildrop.sizes({place.number for place in wanted.values()}) if wanted else {}
        limit = min(self._settings.batch_size, self._settings.max_mail_size)
        batch: list[Found] = []
        total = 0
        for key, place in wanted.items():
            size = sizes.get(place.number, 0)
            if batch and (total + size > limit or len(batch) == self._settings.batch_mails):
                yield batch
                batch, total = [], 0
            try:
                found = await self._fetch(maildrop, key, place, size)
            except MailServerUnavailable:
                if batch:
                    yield batch  # the mail that ended the connection costs those before it nothing
                raise
            batch += [found] if found else []
            total += len(found.mail.raw) if found and found.mail else 0
        if batch:
            yield batch

    async def _fetch(self, maildrop: Maildrop, key: str, place: Place, size: int) -> Found | None:
        """Nothing for one that is not handed over now. A mail that never is must not hold up the others: its headers
        have to do, and at last its name.
        """
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1  # before, for the mail may end the connection
        try:
            found = await self._tried(maildrop, key, place, size, tries)
        except MailRefusedByServer as exc:
            self._reasons[key] = str(exc)
            return None
        except MailServerUnavailable as exc:
            self._reasons[key] = str(exc)
            raise
        self._settled(key)
        return found

    def _settled(self, key: str) -> None:
        self._tries.pop(key, None)
        self._reasons.pop(key, None)

    async def _tried(self, maildrop: Maildrop, key: str, place: Place, size: int, tries: int) -> Found:
        since, most = self._mailbox.fetch_since, self._settings.max_mail_size
        if tries >= 2 * _TRIES:
            return self._refused(key, place, b"X-UIDL: %b\r\n" % place.name.encode(), self._unwilling(key))
        if tries >= _TRIES:
            return self._refused(key, place, await maildrop.head(place.number), self._unwilling(key))
        if since and not is_wanted(self._mail(place, await maildrop.head(place.number)), since):
            return Found(key, None, whole=False)
        if size > most:
            words = f"{_mib(size)} MB is above the limit of {_mib(most)} MB; headers kept"
            return self._refused(key, place, await maildrop.head(place.number), words)
        return Found(key, self._mail(place, await maildrop.fetch(place.number)), whole=True)

    def _unwilling(self, key: str) -> str:
        return f"the server does not hand it over: {self._reasons.get(key, '')}"

    def _refused(self, key: str, place: Place, raw: bytes, words: str) -> Found:
        """It stays on the server, whatever else is deleted."""
        return Found(key, self._mail(place, raw, words), whole=False)

    def _mail(self, place: Place, raw: bytes, refused: str = "") -> FetchedMail:
        # Mails of one second stay in the order in which they lie.
        at = (_received(raw) or self._clock.now()).replace(microsecond=place.number % 1_000_000)
        return FetchedMail(uid=0, uid_validity=0, at=at, raw=raw, refused=refused)


def _by_key(mailbox_id: str, listing: Iterable[tuple[int, str]]) -> dict[str, Place]:
    """By what is stored of them. Some servers give copies one name: the second of a name is another mail."""
    found: dict[str, Place] = {}
    copies: dict[str, int] = {}
    for number, name in listing:
        key = derive("pop", mailbox_id, name)
        if key in found:
            copies[name] = copies.get(name, 1) + 1
            key = derive("pop", mailbox_id, name, str(copies[name]))
        found[key] = Place(number, name)
    return found


def _received(raw: bytes) -> datetime | None:
    """When the server got a mail, which POP3 does not tell: as its own line, the first, says."""
    found = _RECEIVED.search(raw[:_HEAD])
    stamp = found[1].rpartition(b";")[2].decode("ascii", "replace") if found else ""
    at = dates.parse(" ".join(stamp.split()))
    return at.astimezone(UTC) if at else None


def _mib(size: int) -> int:
    return -(-size // 2**20)
