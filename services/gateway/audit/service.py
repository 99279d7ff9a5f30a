"""The audit: every write and every login, noted before it is done and completed after."""

from dataclasses import dataclass
from datetime import datetime

from hub.kit.clock import Clock, iso
from hub.kit.ids import fresh
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Scalar, Store

AUDIT = CollectionSpec("audit", (Index("at"), Index("login", "at"), Index("target", "at")))


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
