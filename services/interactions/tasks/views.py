"""Lists of tasks over HTTP."""

from hub.contracts.shown import View
from hub.contracts.shown_tasks import TaskView


class TaskList(View):
    items: list[TaskView]
    next: str | None
