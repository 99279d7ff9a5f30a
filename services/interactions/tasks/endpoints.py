"""Tasks over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Id, Moment, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.scope import reaches
from hub.contracts.shown_tasks import TaskView
from hub.contracts.task import TaskState
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document, Page
from services.interactions.tasks.forms import NewTask, TaskChange
from services.interactions.tasks.models import task_view
from services.interactions.tasks.service import Tasks
from services.interactions.tasks.views import TaskList


class TaskQuery(Paging):
    """Parameters of the list of tasks."""

    state: TaskState | None = "open"
    assignee: str | None = Field(default=None, max_length=63, examples=["anna"])
    author: str | None = Field(default=None, max_length=63, description="Those that he gave to others or himself")
    watcher: str | None = Field(default=None, max_length=63)
    team: str | None = Field(default=None, max_length=100)
    client_id: str | None = Field(default=None, max_length=100)
    chain_id: str | None = Field(default=None, max_length=100)
    unassigned: bool = Field(default=False, description="Those that nobody has taken yet")
    due_until: Moment | None = Field(default=None, description="Those due before", examples=["2026-03-02T21:00:00Z"])
    overdue: bool = Field(default=False, description="Those whose time has passed")

    @property
    def where(self) -> dict[str, Any]:
        names = ("state", "assignee", "author", "client_id", "chain_id")
        return {name: getattr(self, name) for name in names}

    def until(self, now: datetime) -> str | None:
        moments = [moment for moment in (self.due_until, now if self.overdue else None) if moment]
        return iso(min(moments)) if moments else None

    def fits(self, task: Document) -> bool:
        """Beside what the store finds by."""
        return (
            self.watcher in (None, *task["watchers"])
            and self.team in (None, task["team"])
            and not (self.unassigned and task["assignee"])
        )


def add(routes: Public, tasks: Tasks, clock: Clock) -> None:
    _add_reading(routes, tasks, clock)
    _add_changes(routes, tasks)


async def _shown(tasks: Tasks, *found: Document) -> list[TaskView]:
    late = await tasks.overdue(found)
    return [TaskView.model_validate(task_view(task) | {"overdue": task["_id"] in late}) for task in found]


async def one_shown(tasks: Tasks, task: Document) -> TaskView:
    return (await _shown(tasks, task))[0]


def _add_reading(routes: Public, tasks: Tasks, clock: Clock) -> None:
    @routes.get("/tasks", right=Right.READ_CORRESPONDENCE, noun="task", answer=TaskList)
    async def list_tasks(query: Annotated[TaskQuery, Query()], actor: Acting) -> Response:
        """Open tasks, the one that is due first comes first; what has no time comes last."""

        async def find(limit: int) -> Page:
            until = query.until(clock.now())
            where = await tasks.seen.with_members(query.where)
            page = await tasks.repository.page(actor.reach, where, until=until, limit=limit, after=query.after)
            return Page([task for task in page.items if query.fits(task) and _sees(actor, task)], page.next)

        async def show(found: Sequence[Document]) -> list[TaskView]:
            shown = await _shown(tasks, *found)
            return [task for task in shown if task.overdue or not query.overdue]

        return await listed(find, show, limit=query.limit)

    @routes.get("/tasks/{id}", right=Right.READ_CORRESPONDENCE, noun="task")
    async def show_task(task_id: Id, actor: Acting) -> TaskView:
        """One task, with what was changed about it."""
        return (await _shown(tasks, await tasks.get(actor, task_id)))[0]


def _add_changes(routes: Public, tasks: Tasks) -> None:
    @routes.post("/tasks", right=Right.WRITE_TASKS, noun="task", status=201, refuses=[Conflict, NotFound])
    async def open_task(form: NewTask, actor: Acting, key: Key = None) -> TaskView:
        """Give somebody a task, or yourself; about an interaction, a chain, a client, or nothing of these."""
        return (await _shown(tasks, await tasks.open(form, actor=actor, key=key)))[0]

    @routes.patch("/tasks/{id}", right=Right.WRITE_TASKS, noun="task", refuses=[Conflict])
    async def change_task(task_id: Id, change: TaskChange, actor: Acting) -> TaskView:
        """Change a task, hand it over, close it (`state` done or cancelled) or open it again."""
        return (await _shown(tasks, await tasks.change(task_id, change, actor=actor)))[0]


def _sees(actor: Actor, task: Document) -> bool:
    return reaches(actor.reach, task["seen_by"])
