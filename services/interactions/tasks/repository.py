"""Every query about tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.bus.base import Bus
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock
from hub.store.base import Document, Page, Range, Store
from hub.store.told import Told
from services.interactions.merged import merged
from services.interactions.repository import SOURCE
from services.interactions.tasks.models import TASKS, task_facts, task_state

_BY = ("assignee", "author", "client_id", "chain_id")
"""By these the store finds, the first that is asked for; the rest is checked on what it finds."""


class TaskRepository:
    """Tasks, told."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self.tasks = Told(store.collection(TASKS), facts=task_facts, state=task_state, source=SOURCE)
        self.tasks.on(bus, clock)

    async def page(
        self,
        reach: Sequence[str],
        where: Mapping[str, Any],
        *,
        until: str | None = None,
        limit: int,
        after: str | None,
    ) -> Page:
        """Those that are due first; what has no time comes last. `until` is of the time that they are due."""
        given = {name: value for name, value in where.items() if value is not None}
        if until:
            given["turn"] = Range(until=until)
        if EVERYTHING in reach or any(name in given for name in _BY):
            return await self.tasks.find(given, order="turn", limit=limit, after=after)
        wheres = [{**given, "seen_by": token} for token in reach]
        return await merged(self.tasks, wheres, order="turn", limit=limit, after=after)

    async def newest(self, key: str) -> Document | None:
        """The one that a rule opened last for this."""
        page = await self.tasks.find({"key": key}, order="opened_at", descending=True, limit=1)
        return page.items[0] if page.items else None

    async def waiting(self) -> dict[str, int]:
        """How many reminders wait for their time, up to a million."""
        return {"reminders": await self.tasks.count({"due_at": Range(since="")}, at_most=1_000_000)}
