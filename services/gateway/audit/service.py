"""The audit: every write and every login, noted before it is done and completed after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.kit.clock import Clock, iso
from hub.kit.ids import fresh
from hub.kit.log import Log
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Scalar, Store

AUDIT = CollectionSpec("audit", (Index("at"), Index("login", "at"), Index("target", "at")))

STRANGERS = 1_000
"""Refused logins that one gateway notes within `STRANGERS_EVERY`; about 300 bytes each."""
STRANGERS_EVERY = timedelta(minutes=15)
log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody is about to do; `login` is what was tried at a login."""

    login: str
    method: str
    route: str
    target: str
    """Id of what is written, from the path; empty for a new thing."""
    address: str


class Audit:
    """Notes deeds. One without a status was interrupted: whether it happened is not known."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._audit = store.collection(AUDIT)
        self._clock = clock
        self._strangers = 0
        self._strangers_since = clock.now()

    async def begin(self, deed: Deed) -> Document:
        """Durable when it returns; hand the result to `end`."""
        document = self._document(deed, status=None)
        await self._audit.insert(document)
        return {**document, "_v": 1}

    async def end(self, begun: Document, status: int, *, target: str | None = None) -> None:
        await self._audit.swap({**begun, "status": status, "target": target or begun["target"]})

    async def note(self, deed: Deed, status: int) -> None:
        """A deed that is over already: a refusal."""
        await self._audit.insert(self._document(deed, status=status))

    async def note_stranger(self, deed: Deed, status: int) -> None:
        """The same for who is not logged in: so many in a time and then no more, or strangers could fill the disk."""
        now = self._clock.now()
        if now - self._strangers_since >= STRANGERS_EVERY:
            self._strangers, self._strangers_since = 0, now
        if self._strangers < STRANGERS:
            self._strangers += 1
            await self.note(deed, status)
        elif self._strangers == STRANGERS:
            self._strangers += 1
            log.warning("audit.strangers_unnoted", until=iso(self._strangers_since + STRANGERS_EVERY))

    async def page(
        self,
        where: dict[str, str | None],
        *,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        after: str | None,
    ) -> Page:
        """Newest first; `where` by login and target."""
        wanted: dict[str, Scalar | In | Range] = {name: value for name, value in where.items() if value is not None}
        if since or until:
            wanted["at"] = Range(iso(since) if since else None, iso(until) if until else None)
        return await self._audit.find(wanted, order="at", descending=True, limit=limit, after=after)

    def _document(self, deed: Deed, *, status: int | None) -> Document:
        return {
            "_id": fresh("aud"),
            "at": iso(self._clock.now()),
            "login": deed.login,
            "method": deed.method,
            "route": deed.route,
            "target": deed.target,
            "address": deed.address,
            "status": status,
        }
