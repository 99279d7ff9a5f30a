"""All open work of an employee goes to somebody else: a job with a result for each record, and a way back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hub.contracts.scope import owned_by
from hub.jobs.asked import actor_of, or_left
from hub.jobs.models import Args, ItemResult, Step, each
from hub.store.base import Document, Page
from services.interactions.chains.state import OPEN_STATES
from services.interactions.handover import ChainChange, Handover
from services.interactions.repository import Repository
from services.interactions.tasks.forms import TaskChange
from services.interactions.tasks.service import Tasks

_AT_ONCE = 50
Given = Callable[[Document, Args], Awaitable[object]]


class HandOverWork:
    """Arguments: `from_login`, `to`, `team`, `what`, and `who` asks, with his reach when he asked."""

    kind = "work.handover"
    sends = False

    def __init__(self, repository: Repository, handover: Handover, tasks: Tasks) -> None:
        self._repository = repository
        self._handover = handover
        self._tasks = tasks
        self._gives: Mapping[str, Given] = {
            "chains": self._give_chain,
            "tasks": self._give_task,
            "clients": self._give_client,
        }

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        phase, after = _place(args, cursor)
        kind, page = phase[0], await self._page(phase, args, after)
        owner = args["from_login"]

        async def look(record: Document) -> Document:
            kept = ("owner", "team") if kind != "tasks" else ("assignee", "team")
            return {"kind": kind, "before": {name: record.get(name) for name in kept}}

        mine = [record for record in page.items if owner in (record.get("owner"), record.get("assignee"))]
        results = await each(mine, lambda record: str(record["_id"]), look)
        records = {record["_id"]: record for record in mine}

        async def act() -> None:
            for result in results:
                await or_left(self._gives[kind](records[result.id], args), result.id)

        return Step(results, _next(args, phase, page.next), act)

    async def _page(self, phase: tuple[str, str], args: Args, after: str | None) -> Page:
        kind, state = phase
        owner = args["from_login"]
        if kind == "chains":
            where: dict[str, Any] = {"queue": owned_by(owner), "state": state}
            return await self._repository.chains.find(where, order="last_at", limit=_AT_ONCE, after=after)
        if kind == "tasks":
            where = {"assignee": owner, "state": "open"}
            return await self._tasks.repository.tasks.find(where, order="turn", limit=_AT_ONCE, after=after)
        where = {"seen_by": owned_by(owner)}
        return await self._repository.clients.find(where, order="opened_at", limit=_AT_ONCE, after=after)

    async def _give_chain(self, chain: Document, args: Args) -> object:
        change = ChainChange(owner=args["to"], **({"team": args["team"]} if args["team"] else {}))
        return await self._handover.chain(chain["_id"], change, actor=actor_of(args))

    async def _give_task(self, task: Document, args: Args) -> object:
        change = TaskChange(assignee=args["to"], **({"team": args["team"]} if args["team"] else {}))
        return await self._tasks.change(task["_id"], change, actor=actor_of(args))

    async def _give_client(self, client: Document, args: Args) -> object:
        given = {"owner": args["to"], **({"team": args["team"]} if args["team"] else {})}
        return await self._handover.client(client["_id"], given)

    def revertible(self, args: Args) -> bool:  # noqa: ARG002
        return True

    async def revert(self, args: Args, results: Sequence[ItemResult]) -> None:
        """Each is his again who had it, unless it is another's since, or over."""
        for result in results:
            if not result.failed:
                await or_left(self._give_back(result, args), result.id)

    async def _give_back(self, result: ItemResult, args: Args) -> None:
        kind, before = result.detail["kind"], result.detail["before"]
        back = {name: value or "" for name, value in before.items()}
        if kind == "chains":
            chain = await self._repository.chains.get(result.id) or {}
            if _is_still(chain.get("owner"), args):
                await self._handover.chain(result.id, ChainChange(**back), actor=actor_of(args))
        elif kind == "tasks":
            task = await self._tasks.repository.tasks.get(result.id) or {}
            if task.get("state") == "open" and _is_still(task.get("assignee"), args):
                await self._tasks.change(result.id, TaskChange(**back), actor=actor_of(args))
        else:
            client = await self._repository.clients.get(result.id) or {}
            if _is_still(client.get("owner"), args):
                await self._handover.client(result.id, back)


def _is_still(owner: str | None, args: Args) -> bool:
    return bool((owner or "") == args["to"])


def _phases(args: Args) -> list[tuple[str, str]]:
    """What is looked through, in this order."""
    return [(kind, state) for kind in args["what"] for state in (OPEN_STATES if kind == "chains" else ("",))]


def _place(args: Args, cursor: str | None) -> tuple[tuple[str, str], str | None]:
    number, _, after = (cursor or "0:").partition(":")
    return _phases(args)[int(number)], after or None


def _next(args: Args, phase: tuple[str, str], after: str | None) -> str | None:
    number = _phases(args).index(phase)
    if after:
        return f"{number}:{after}"
    return f"{number + 1}:" if number + 1 < len(_phases(args)) else None
