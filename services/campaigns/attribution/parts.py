"""Puts the parts of sources and money together, on what the service has."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.api.public import Public
from hub.bus.base import Bus
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Store
from hub.store.told import Told
from services.campaigns.attribution import closing, endpoints
from services.campaigns.attribution.money import MoneyBook
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.attribution.service import Attribution, Books, Policy
from services.campaigns.attribution.statements import Statements
from services.campaigns.consent.service import Consents
from services.campaigns.settings import Settings
from services.campaigns.sources import doors, handlers
from services.campaigns.sources import endpoints as source_endpoints
from services.campaigns.sources.repository import SourceRepository
from services.campaigns.sources.service import Sources
from services.campaigns.sources.touches import Touches


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    sources: Sources
    touches: Touches
    book: MoneyBook
    attribution: Attribution
    statements: Statements
    told: Sequence[Told]
    """What may owe its events after a crash."""

    def public(self) -> tuple[Public, ...]:
        return (
            source_endpoints.public(self.sources, self.touches),
            doors.public(self.touches),
            endpoints.public(self.attribution, self.book),
            closing.public(self.statements),
        )


def built(
    store: Store,
    blobs: Blobs,
    bus: Bus,
    clock: Clock,
    *,
    settings: Settings,
    books: Books,
    consents: Consents,
    key: bytes,
) -> Parts:
    """Listens on the bus from now on; `key` signs statements."""
    kept_sources, kept_money = SourceRepository(store), MoneyRepository(store, blobs)
    told = (kept_sources.sources, *kept_money.told)
    for one in told:
        one.on(bus, clock)
    sources = Sources(kept_sources, clock)
    policy = Policy(currency=settings.currency, lookback=settings.lookback, half_life=settings.half_life)
    attribution = Attribution(books, policy)
    touches = Touches(sources, consents, attribution, bus, clock, ours=settings.sites)
    handlers.subscribe(bus, touches)
    return Parts(
        sources=sources,
        touches=touches,
        book=MoneyBook(kept_money, sources, consents, attribution, clock),
        attribution=attribution,
        statements=Statements(kept_money, attribution, clock, key),
        told=told,
    )
