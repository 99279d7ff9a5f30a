"""A task for each card that lacks too much: a job with a result for each client."""

from collections.abc import Sequence

from hub.jobs.asked import actor_of, or_left
from hub.jobs.models import Args, ItemResult, Step, each
from hub.kit.clock import Clock
from hub.kit.ids import derive
from hub.store.base import Document
from services.interactions.clients.whole import wholes
from services.interactions.completeness.service import Completenesses
from services.interactions.repository import Repository
from services.interactions.seen import Seen
from services.interactions.tasks.forms import TaskChange
from services.interactions.tasks.models import blank, settled
from services.interactions.tasks.service import Tasks

RULE = "fill_in"
_AT_ONCE = 50
_TITLES = {"ru": "Дополнить карточку: {}", "en": "Fill in the card: {}"}


class FillIn:
    """Arguments: `below`, `status`, `assignee`, and `who` asks, with his reach when he asked.

    A client has one such task at a time; one that is open is left as it is.
    """

    kind = "clients.fill_in"
    sends = False

    def __init__(
        self,
        completeness: Completenesses,
        repository: Repository,
        seen: Seen,
        tasks: Tasks,
        clock: Clock,
        *,
        language: str = "ru",
    ) -> None:
        self._completeness = completeness
        self._repository = repository
        self._seen = seen
        self._tasks = tasks
        self._clock = clock
        self._language = language

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        page = await self._repository.page("clients", {}, order="opened_at", limit=_AT_ONCE, after=cursor)
        clients = await self._lacking(page.items, args)
        found = await self._completeness.of(clients)
        wanted = [client for client in clients if found[client["_id"]].percent < args["below"]]

        async def look(client: Document) -> Document:
            of = found[client["_id"]]
            return {"percent": of.percent, "missing": of.missing}

        results = await each(wanted, lambda client: str(client["_id"]), look)

        async def act() -> None:
            for client in wanted:
                await or_left(self._open(client, found[client["_id"]].missing, args), client["_id"])

        return Step(results, page.next, act)

    async def _lacking(self, documents: Sequence[Document], args: Args) -> list[Document]:
        """Those in question, each with whoever was merged into him."""
        asked = [one for one in documents if not one.get("into") and args["status"] in (None, one.get("status"))]
        return await wholes(self._repository, await self._seen.clients(actor_of(args), asked))

    async def _open(self, client: Document, missing: Sequence[str], args: Args) -> None:
        key = f"{RULE}:{client['_id']}"
        last = await self._tasks.repository.newest(key)
        if last and last["state"] == "open":
            return
        task = {
            **blank(self._clock.now()),
            "_id": derive("tk", key, last["_id"] if last else ""),
            "key": key,
            "title": _TITLES[self._language].format(client["name"])[:300],
            "text": ", ".join(missing),
            "rule": RULE,
            "author": args["who"]["login"],
            "assignee": args["assignee"] or client.get("owner"),
            "team": client.get("team"),
            "client_id": client["_id"],
        }
        await self._tasks.add(settled(task))

    def revertible(self, args: Args) -> bool:  # noqa: ARG002
        return True

    async def revert(self, args: Args, results: Sequence[ItemResult]) -> None:
        """What is open of it is cancelled."""
        for result in results:
            task = await self._tasks.repository.newest(f"{RULE}:{result.id}")
            if task and task["state"] == "open" and task["author"] == args["who"]["login"]:
                await or_left(
                    self._tasks.change(task["_id"], TaskChange(state="cancelled"), actor=actor_of(args)), result.id
                )
