"""The HTTP door of scripts, and of going through one with somebody of a call list."""

from collections import Counter
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Form, Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedWords, words_shown
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.calllists.service import CallLists
from services.campaigns.scripts.models import AnswerForm, Question, ScriptForm, StepForm
from services.campaigns.scripts.service import Scripts


class ScriptView(View):
    """A script, without its steps in lists."""

    id: str
    name: str
    version: int
    at: str
    start: str | None = None
    steps: list[StepForm] = Field(default=[], description="Of the version; empty in lists")

    @classmethod
    def of(cls, stored: Document) -> "ScriptView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class ScriptList(View):
    items: list[ScriptView]
    next: str | None


class VersionQuery(Form):
    """Which version."""

    version: int | None = Field(default=None, ge=1, description="None: the newest")


class ScriptAnswerView(View):
    step: str
    value: MaskedWords | float | list[str]
    at: str
    by: str


class PlaceView(View):
    """Where somebody stands in the script."""

    step: str = Field(description="What comes next", examples=["size"])
    says: MaskedWords
    asks: Question | None
    ends: str | None = Field(description="The script is over: the disposition that it suggests")
    version: int
    answers: list[ScriptAnswerView] = Field(description="All so far, those of attempts before among them")

    @classmethod
    def of(cls, run: dict[str, Any]) -> "PlaceView":
        step: StepForm = run["step"]
        said = {"step": step.id, "says": step.says, "asks": step.asks, "ends": step.ends}
        return cls.model_validate({**said, "version": run["version"], "answers": run["answers"]})


class AnswerCountView(View):
    """One question of a script, over all who were asked."""

    step: str
    counts: dict[str, int] = Field(description="By answer, of choices and words; of words the 20 most frequent")
    numbers: int = Field(description="Of numbers, how many")
    average: float | None


class ScriptReport(View):
    """What people of a list answered."""

    asked: int
    ended: int = Field(description="Who came to an end of the script")
    items: list[AnswerCountView]


_SHOWN = 20


def public(scripts: Scripts, lists: CallLists) -> Public:
    """The operations."""
    routes = Public("scripts")
    _add_scripts(routes, scripts)
    _add_work(routes, scripts, lists)
    return routes


def _add_scripts(routes: Public, scripts: Scripts) -> None:
    @routes.get("/scripts", right=Right.READ_CAMPAIGNS, noun="script", answer=ScriptList)
    async def list_scripts(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Scripts of calls, the newest first."""
        return await listed(
            lambda limit: scripts.page(actor, limit=limit, after=query.after), each(ScriptView.of), limit=query.limit
        )

    @routes.post("/scripts", right=Right.MANAGE_CAMPAIGNS, noun="script", status=201)
    async def add_script(given: ScriptForm, actor: Acting, key: Key = None) -> ScriptView:
        """Write a script: every step is come to, every answer leads on, and every way has an end."""
        return ScriptView.of(await scripts.add(given, actor=actor, key=key))

    @routes.get("/scripts/{id}", right=Right.READ_CAMPAIGNS, noun="script")
    async def show_script(script_id: Id, query: Annotated[VersionQuery, Query()], actor: Acting) -> ScriptView:
        """A version of a script."""
        return ScriptView.of(await scripts.get(script_id, actor, query.version))

    @routes.put("/scripts/{id}", right=Right.MANAGE_CAMPAIGNS, noun="script", refuses=[Conflict])
    async def change_script(script_id: Id, given: ScriptForm, actor: Acting) -> ScriptView:
        """Its next version; who was begun with another one goes on with that."""
        return ScriptView.of(await scripts.change(script_id, given, actor=actor))


def _add_work(routes: Public, scripts: Scripts, lists: CallLists) -> None:
    @routes.get("/call-entries/{id}/script", right=Right.WRITE_MESSAGES, noun="call_list", action="work")
    async def script_of_call_entry(entry_id: Id, actor: Acting) -> PlaceView:
        """What to say next to somebody whom you have; what he answered before is kept."""
        return PlaceView.of(await scripts.at(entry_id, actor))

    @routes.post(
        "/call-entries/{id}/answers", right=Right.WRITE_MESSAGES, noun="call_list", action="work", refuses=[Conflict]
    )
    async def answer_of_call_entry(entry_id: Id, given: AnswerForm, actor: Acting) -> PlaceView:
        """Keep one answer, and go on; one that is given anew takes back those that followed from it."""
        return PlaceView.of(await scripts.answer(entry_id, given, actor=actor))

    @routes.get("/call-lists/{id}/answers", right=Right.READ_CAMPAIGNS, noun="call_list")
    async def call_list_answers(list_id: Id, actor: Acting) -> ScriptReport:
        """What those of a list answered, those whose call broke among them."""
        found = await scripts.report((await lists.get(list_id, actor))["_id"])
        steps = sorted(found["counts"].keys() | found["numbers"].keys())
        return ScriptReport(
            asked=found["asked"], ended=found["ended"], items=[counted(found, step) for step in steps]
        )


def counted(found: dict[str, Any], step: str) -> AnswerCountView:
    numbers = found["numbers"].get(step, [])
    counts: Counter[str] = Counter()
    # Masked here: two that look alike afterwards are one answer with the sum of both.
    for words, count in found["counts"].get(step, Counter()).most_common(_SHOWN):
        counts[words_shown(words)] += count
    average = sum(numbers) / len(numbers) if numbers else None
    return AnswerCountView(step=step, counts=counts, numbers=len(numbers), average=average)
