"""Tasks: opened, changed, closed; reminders fire once; what repeats is opened again."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from hub.api.actor import Actor
from hub.contracts.base import Event
from hub.contracts.scope import reaches
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from hub.store.due import Due, with_timer
from hub.store.history import noted
from hub.store.told import Owing
from services.interactions.calendars.repository import Calendars
from services.interactions.offers.models import assigned
from services.interactions.outgoing import fingerprint, same_request
from services.interactions.repeating import check, following
from services.interactions.seen import Seen
from services.interactions.tasks.forms import NewTask, TaskChange
from services.interactions.tasks.models import (
    MOST_REMINDERS,
    NOTED,
    OVERDUE,
    blank,
    moved_reminders,
    overdue,
    reminding,
    settled,
    timer,
    with_cause,
)
from services.interactions.tasks.repository import TaskRepository

_OF_NEXT = ("title", "text", "priority", "assignee", "team", "watchers", "author", "client_id", "chain_id", "repeats")
"""What the next one of a task that repeats has of this one."""
_TITLE = 300
NEXT = "next"
"""The timer of one that repeats and is done: the next one is opened."""


def _opened(task: Document, _now: datetime) -> Document:
    return task


class Tasks:
    """What employees must do."""

    def __init__(
        self,
        repository: TaskRepository,
        seen: Seen,
        clock: Clock,
        calendars: Calendars,
        *,
        held: Callable[[], bool] = lambda: False,
    ) -> None:
        self._calendars = calendars
        self.repository = repository
        self._tasks = repository.tasks
        self.seen = seen
        self._clock = clock
        fires = {timer(number): partial(reminding, number) for number in range(MOST_REMINDERS)}
        self.due = Due(self._tasks, {**fires, NEXT: _opened, OVERDUE: overdue}, clock, held=held, first=self._before)

    async def open(self, form: NewTask, *, actor: Actor, key: str | None) -> Document:
        """The task; the same key of the same author gives the same one.

        Raises:
            NotFound: the client, chain or interaction is not there for him.
            Forbidden: he does not see what it says.
            Conflict: the key was used for another task.
            InvalidInput: the rule of its repeating is none.
        """
        task_id = derive("tk", actor.login, key) if key else fresh("tk")
        wanted = fingerprint(form)
        if earlier := await self._tasks.get(task_id):
            await self._tasks.tell(same_request(earlier, wanted, "task"))
            return earlier
        task = {**blank(self._clock.now()), **await self._about(form, actor), **form.given}
        task |= await self._due(form, task)
        task |= {"_id": task_id, "author": actor.login, "request": wanted, "repeats": form.repeats}
        if form.repeats:
            calendar = await self._calendars.of(task["assignee"], task["team"])
            check(form.repeats, from_iso(task["due"]), zone=calendar.zone)
        told = assigned(None, task, "assignee", by=actor.login, at=self._clock.now())
        return await self.add(settled(task), also=told)

    async def add(self, task: Document, *, also: Sequence[Event] = ()) -> Document:
        """The task as it is stored; whoever was first is right. Raises TooLarge."""
        stored, _ = await self._tasks.insert(task, also=also)
        await self._tasks.tell(stored)
        return stored

    async def get(self, actor: Actor, task_id: str) -> Document:
        """Raises NotFound."""
        task = await self._tasks.get(task_id)
        if task is None or not (actor.is_service or reaches(actor.reach, task["seen_by"])):
            raise NotFound(f"there is no task {task_id}")
        return task

    async def change(self, task_id: str, change: TaskChange, *, actor: Actor) -> Document:
        """The task as it is then; one that repeats and is done is followed by the next.

        Raises:
            NotFound: there is none for him, or not the interaction that it ended with.
            Conflict: it is closed; only opening it again is possible.
        """
        if change.result_id:
            await self.seen.whole_interaction(actor.reading, change.result_id)
        before = await self.get(actor, task_id)
        due = await self._due(change, {**before, **change.given})
        if before.get("repeats") and change.due == "":
            raise InvalidInput(fields={"due": "it repeats: it has a time; close it as cancelled to end it"})
        after = await self.amend(task_id, partial(self._changed, change=change, due=due, by=actor.login))
        await self._go_on(after)
        return after

    async def amend(self, task_id: str, change: Callable[[Document], Document | Owing]) -> Document:
        """Changes it, whoever sees it. Raises NotFound."""
        after = await self._tasks.amend(task_id, change)
        if after is None:
            raise NotFound(f"there is no task {task_id}")
        await self._tasks.tell(after)
        return after

    def _changed(self, task: Document, *, change: TaskChange, due: Document, by: str) -> Owing:
        given = change.given | due
        state: str = ({"state": task["state"]} | given)["state"]
        if task["state"] != "open" and state == task["state"]:
            raise Conflict(f"this task is {task['state']}; open it again first: state open")
        after = {**task, **given}
        if state != task["state"]:
            after |= self._closing(state, by)
            if state == "done" and task.get("repeats"):
                # What a crash keeps from being opened now is opened by this.
                after = with_timer(after, NEXT, self._clock.now())
        if after["assignee"] != task["assignee"]:
            after["offered"] = None
        after, now = moved_reminders(task, after), self._clock.now()
        told = assigned(task, after, "assignee", by=by, at=now)
        return Owing(settled(noted(task, after, NOTED, by=by, at=now)), told)

    def _closing(self, state: str, by: str) -> Document:
        if state == "open":
            return {"closed_at": None, "closed_by": None, "reason": "", "result_id": None}
        return {"closed_at": iso(self._clock.now()), "closed_by": by, "offered": None}

    def closed(self, task: Document, reason: str, *, rule: str, result_id: str | None) -> Document:
        """The task, closed by a rule; one that is closed stays as it is."""
        if task["state"] != "open":
            return task
        by = f"rule:{rule}"
        after = {**task, "state": "done", "reason": reason, "result_id": result_id, **self._closing("done", by)}
        return settled(noted(task, after, NOTED, by=by, at=self._clock.now()))

    async def _before(self, task: Document) -> None:
        if NEXT in (task.get("timers") or {}):
            await self._go_on(task)

    async def _go_on(self, task: Document) -> None:
        """The next one of a task that repeats; the same one however often this is asked."""
        if not task.get("repeats") or task["state"] != "done" or not task.get("due"):
            return
        due, calendar = from_iso(task["due"]), await self._calendars.of(task["assignee"], task["team"])
        began = from_iso(task.get("began") or task["due"])
        late = max(due, self._clock.now() - timedelta(days=1))
        at = following(task["repeats"], began, after=late, zone=calendar.zone)
        if at is None:
            return
        opening = {**blank(self._clock.now()), **{name: task[name] for name in _OF_NEXT}}
        reminders = [{**each, "fired_at": None} for each in task["reminders"] if each.get("before") is not None]
        checklist = [{**line, "done": False} for line in task["checklist"]]
        opening |= {"_id": derive("tk", "next", task["_id"]), "due": iso(at), "began": iso(began)}
        await self.add(settled({**opening, "reminders": reminders, "checklist": checklist}))

    async def _due(self, form: TaskChange, task: Document) -> Document:
        """When it is due, by the working calendar of whoever does it; nothing where the form says a moment, or none.

        Raises InvalidInput: he works too little for it.
        """
        if form.due_day is None and form.due_within is None:
            return {}
        calendar = await self._calendars.of(task["assignee"], task["team"])
        if form.due_day:
            due = calendar.end_of(form.due_day)
        else:
            due = calendar.after(self._clock.now(), timedelta(minutes=form.due_within or 0))
        if due is None:
            field = "due_day" if form.due_day else "due_within"
            raise InvalidInput(fields={field: "whoever does it works too little for that"})
        return {"due": iso(due)}

    async def overdue(self, tasks: Sequence[Document]) -> set[str]:
        """Ids of those that are open and whose time has passed: working time of whoever does them."""
        now = self._clock.now()
        late = [task for task in tasks if task["state"] == "open" and task["due"] and task["due"] < iso(now)]
        people = {(task["assignee"], task["team"]) for task in late}
        calendars = {who: await self._calendars.of(*who) for who in people}
        return {
            task["_id"]
            for task in late
            if calendars[task["assignee"], task["team"]].works_between(from_iso(task["due"]), now)
        }

    async def _about(self, form: NewTask, actor: Actor) -> Document:
        """What it is about, from the interaction, the chain or the client that is named."""
        actor = actor.reading
        if form.interaction_id:
            cause = await self.seen.whole_interaction(actor, form.interaction_id)
            title = (cause["subject"] or cause["text"]).strip()[:_TITLE] or cause["type"]
            about = {"client_id": cause["client_id"], "chain_id": cause["chain_id"], "title": title}
            return with_cause({"causes": [], "caused": 0, **about}, cause["_id"])
        if form.chain_id:
            chain = await self.seen.whole_chain(actor, form.chain_id)
            return {"client_id": chain["client_id"], "chain_id": chain["_id"]}
        if form.client_id:
            return {"client_id": (await self.seen.client(actor, form.client_id))["_id"]}
        return {}
