"""Puts the campaigns service together."""

from collections.abc import Sequence

from fastapi import FastAPI

from hub.api.public import publish
from hub.bus.base import Bus
from hub.footing import Footing
from hub.kit.http import service_app
from hub.kit.loop import Runs
from hub.repeats import answer_repeats
from hub.store.base import Store
from services.campaigns.adapters.interactions import InteractionsPeer
from services.campaigns.settings import Settings
from services.campaigns.templates import endpoints as template_endpoints
from services.campaigns.templates.repository import TemplateRepository
from services.campaigns.templates.service import Templates

SERVICE = "campaigns"


class CampaignsService:
    """Consent, segments, templates, mailings."""

    name = SERVICE

    def __init__(
        self, http: FastAPI, bus: Bus, store: Store, loops: Sequence[Runs], interactions: InteractionsPeer
    ) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._loops = loops
        self._interactions = interactions

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        for loop in reversed(self._loops):
            await loop.stop()
        await self._bus.stop()
        await self._store.stop()
        await self._interactions.close()


def build(footing: Footing) -> CampaignsService:
    """The service on its footing."""
    Settings.load(footing.source)
    bus, store, clock = footing.bus(SERVICE), footing.store(SERVICE), footing.clock
    templates = Templates(TemplateRepository(store, footing.blobs), footing.apart, clock)
    interactions = InteractionsPeer(footing.peer, footing.seal)
    http = service_app(
        "omnihub campaigns", checks={"store": store.ping, "bus": bus.ping, "blobs": footing.blobs.ping}
    )
    publish(http, template_endpoints.public(templates, interactions), service=SERVICE, seal=footing.seal)
    answer_repeats(http, store, clock, service=SERVICE, seal=footing.seal)
    return CampaignsService(http, bus, store, (), interactions)
