"""The audit: every write, login, refusal and lock, noted before it is done; when it is over it joins the chain."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.kit.clock import Clock, iso
from hub.kit.ids import fresh
from hub.kit.log import Log
from hub.store.base import Document, In, Page, Range, Scalar, Store
from services.gateway.audit.chain import AUDIT, Chain
from services.gateway.audit.changes import Change

REFUSALS = 1_000
"""Refusals that one gateway notes of one login, or of all strangers together, within `REFUSALS_EVERY`."""
REFUSALS_EVERY = timedelta(minutes=15)
INTERRUPTED_AFTER = timedelta(minutes=10)
"""A deed that is not over by then never will be; its row joins the chain without a status."""
_PAGE = 100
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
    action: str = ""
    """Name of the operation, as in the API's description."""
    changes: Sequence[Change] = field(default=())


class Audit:
    """Notes deeds. One without a status was interrupted: whether it happened is not known."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._audit = store.collection(AUDIT)
        self._chain = Chain(store)
        self._clock = clock
        self._refusals: dict[str, int] = {}
        self._refusals_since = clock.now()

    async def begin(self, deed: Deed) -> Document:
        """Durable when it returns; hand the result to `end`."""
        document = {**self._document(deed, status=None), "open": True}
        await self._audit.insert(document)
        return document

    async def end(
        self, begun: Document, status: int, *, target: str | None = None, changes: Sequence[Change] = ()
    ) -> None:
        over = {"status": status, "target": target or begun["target"], "changes": list(changes)}
        await self._chain.join({**begun, **over})

    async def note(self, deed: Deed, status: int) -> None:
        """A deed that is over already."""
        await self._chain.join(self._document(deed, status=status))

    async def note_refusal(self, deed: Deed, status: int) -> None:
        """The same for what was refused: so many in a time and then no more, or the disk could be filled with it."""
        now = self._clock.now()
        if now - self._refusals_since >= REFUSALS_EVERY:
            self._refusals, self._refusals_since = {}, now
        noted = self._refusals[deed.login] = self._refusals.get(deed.login, 0) + 1
        if noted <= REFUSALS:
            await self.note(deed, status)
        elif noted == REFUSALS + 1:
            log.warning("audit.refusals_unnoted", until=iso(self._refusals_since + REFUSALS_EVERY))

    async def sweep(self) -> None:
        """What was interrupted joins the chain; the log names the head, so that a cut tail can be found out."""
        until = iso(self._clock.now() - INTERRUPTED_AFTER)
        while True:
            page = await self._audit.find({"open": True, "at": Range(until=until)}, order="at", limit=_PAGE)
            for document in page.items:
                await self._chain.join(document)
            if page.next is None:
                break
        head = await self._chain.head()
        log.info("audit.head", rows=head["seq"], hash=head["hash"])

    async def page(
        self,
        where: dict[str, str | None],
        *,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        after: str | None,
    ) -> Page:
        """Newest first; `where` by login, action and target."""
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
            "action": deed.action,
            "target": deed.target,
            "address": deed.address,
            "status": status,
            "changes": list(deed.changes),
        }
