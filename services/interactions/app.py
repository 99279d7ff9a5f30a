"""Puts the interactions service together."""

from fastapi import FastAPI

from hub.bus.base import Bus
from hub.footing import Footing
from hub.kit.http import service_app
from hub.repeats import answer_repeats
from hub.store.base import Store
from hub.store.outbox import Sweeper
from services.interactions.adapters.directory import Directory
from services.interactions.addresses import Addresses
from services.interactions.answers import Answers
from services.interactions.courtesy import Allowance, Courtesy
from services.interactions.endpoints import Doors, router
from services.interactions.forwards import Forwards
from services.interactions.handlers import subscribe
from services.interactions.linking import Rules
from services.interactions.planned import Planned, Releaser
from services.interactions.repository import Repository
from services.interactions.service import Interactions
from services.interactions.settings import Settings
from services.interactions.splits import Splits
from services.interactions.starts import Starts


class InteractionsService:
    """Clients, addresses, interactions, chains."""

    name = "interactions"

    def __init__(
        self, http: FastAPI, bus: Bus, store: Store, sweeper: Sweeper, releaser: Releaser, directory: Directory
    ) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._sweeper = sweeper
        self._releaser = releaser
        self._directory = directory

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        await self._sweeper.start()
        await self._releaser.start()

    async def stop(self) -> None:
        await self._releaser.stop()
        await self._sweeper.stop()
        await self._bus.stop()
        await self._store.stop()
        await self._directory.close()


def build(footing: Footing) -> InteractionsService:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store = footing.bus("interactions"), footing.store("interactions")
    repository = Repository(store)
    rules = Rules(settings.reply_window, settings.subject_change)
    allowance = Allowance(settings.automatic_messages, settings.automatic_period)
    courtesy = Courtesy(repository, bus, footing.clock, allowance)
    service = Interactions(repository, bus, footing.clock, rules=rules, courtesy=courtesy)
    answers = Answers(repository, bus, footing.clock, undo=settings.undo_window)
    planned = Planned(repository, bus, footing.clock)
    directory = Directory(footing.peer)
    doors = Doors(
        repository=repository,
        answers=answers,
        planned=planned,
        forwards=Forwards(repository, bus, footing.clock),
        splits=Splits(repository, bus, footing.clock),
        starts=Starts(repository, answers, directory, footing.clock, rules),
        addresses=Addresses(repository, region=settings.region),
    )
    subscribe(bus, service, batch=settings.batch)
    http = service_app("omnihub interactions", checks={"store": store.ping, "bus": bus.ping})
    http.include_router(router(doors))
    answer_repeats(http, store, footing.clock, service="interactions")
    sweeper = Sweeper([repository.interactions], bus, footing.clock, settings.sweep_interval)
    return InteractionsService(http, bus, store, sweeper, Releaser(planned), directory)
