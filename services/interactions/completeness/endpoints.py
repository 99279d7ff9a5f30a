"""Completeness of cards over HTTP."""

from typing import Annotated, Literal

from fastapi import Path

from hub.api.actor import Acting, Key
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.client import Status
from hub.jobs.asked import who
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.store.base import Document
from services.interactions.completeness.forms import FillForm, RulesForm, RulesList, RulesView
from services.interactions.completeness.job import FillIn
from services.interactions.completeness.rules import DEFAULT
from services.interactions.completeness.service import ANY, Completenesses

Whose = Annotated[
    Status | Literal["any"],
    Path(alias="status", description="any: without a status, or without rules"),
]


def add(routes: Public, completeness: Completenesses, jobs: Jobs) -> None:
    @routes.get("/completeness", right=Right.READ_CORRESPONDENCE, noun="client")
    async def list_completeness_rules() -> RulesList:
        """What clients of each status need, for their cards to be complete."""
        said = await completeness.rules()
        unsaid = {ANY: {"items": dict(DEFAULT.items), "contact_within": None}}
        return RulesList(items=[_shown(status, rules) for status, rules in (unsaid | said).items()])

    @routes.put("/completeness/{status}", right=Right.MANAGE_EMPLOYEES, noun="completeness")
    async def put_completeness_rules(status: Whose, form: RulesForm) -> RulesView:
        """Say what clients of a status need. Cards are measured by it from now on."""
        return _shown(status, await completeness.put(status, form))

    @routes.delete("/completeness/{status}", right=Right.MANAGE_EMPLOYEES, noun="completeness", status=204)
    async def remove_completeness_rules(status: Whose) -> None:
        """Measure clients of this status by the rules for all."""
        await completeness.remove(status)

    @routes.post("/completeness/tasks", right=Right.WRITE_TASKS, noun="task", status=202)
    async def fill_in_cards(form: FillForm, actor: Acting, key: Key = None) -> JobView:
        """A task for each client whom you see and whose card lacks too much; one that has an open one is left.

        A job with a result for each; `POST /jobs/{id}/revert` cancels those that are open yet.
        """
        args = {**form.model_dump(mode="json"), "who": who(actor)}
        return await jobs.begin(FillIn.kind, args, by=actor.login, key=key)


def _shown(status: str, rules: Document) -> RulesView:
    found = {"items": rules["items"], "contact_within": rules["contact_within"]}
    return RulesView.model_validate({"status": None if status == ANY else status, **found})
