"""Scripts: written in versions, gone through a step at a time; every answer is durable before the next question."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.amend import amend
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.calllists.models import Disposition
from services.campaigns.scripts.models import AnswerForm, ScriptForm, StepForm, following, read
from services.campaigns.scripts.repository import ScriptRepository

_ROUNDS = 500
"""Steps that a person is led through at most: a script may go round, a call does not for ever."""


class Held(Protocol):
    """People of call lists."""

    async def his(self, entry_id: str, actor: Actor) -> tuple[Document, Document]:
        """Somebody whom the actor has, and the list. Raises NotFound."""
        ...

    async def dictionary(self) -> Mapping[str, Disposition]: ...


class Scripts:
    """All of them."""

    def __init__(self, repository: ScriptRepository, held: Held, clock: Clock) -> None:
        self._repository = repository
        self._held = held
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.scripts, actor, limit=limit, after=after)

    async def get(self, script_id: str, actor: Actor, number: int | None = None) -> Document:
        """With the steps of a version, the newest unless another is asked for. Raises NotFound."""
        script = await seen(self._repository.scripts, script_id, actor, "script")
        told = await self._repository.version(script_id, number or script["version"])
        if told is None:
            raise NotFound(f"script {script_id} has no version {number}")
        return {**script, **told, "version": number or script["version"]}

    async def add(self, given: ScriptForm, *, actor: Actor, key: str | None) -> Document:
        """Raises InvalidInput."""
        await self._check(given)
        made = derive("scr", actor.login, key) if key else fresh("scr")
        await self._repository.keep_version(made, 1, _told(given))
        base = {"_id": made, "name": given.name, "version": 1, "at": iso(self._clock.now()), "removed": False}
        await self._repository.scripts.insert({**base, **belongs(actor.login, given.team)})
        return await self.get(made, actor)

    async def change(self, script_id: str, given: ScriptForm, *, actor: Actor) -> Document:
        """Its next version: who was begun with another goes on with that one. Raises NotFound and InvalidInput."""
        script = await seen(self._repository.scripts, script_id, actor, "script")
        await self._check(given)
        number = script["version"] + 1
        await self._repository.keep_version(script_id, number, _told(given))
        if await self._repository.version(script_id, number) != _told(given):
            raise Conflict("somebody else changed it at the same moment; look at it and try again")
        after = await amend(
            self._repository.scripts, script_id, lambda now: {**now, "version": number, "name": given.name}
        )
        assert after is not None
        return await self.get(script_id, actor)

    async def at(self, entry_id: str, actor: Actor) -> Document:
        """Where somebody stands whom the actor has: also what he answered at attempts before. Raises NotFound."""
        entry, call_list = await self._held.his(entry_id, actor)
        run = await self._repository.run(entry_id) or await self._begun(entry, call_list)
        return await self._stands(run)

    async def answer(self, entry_id: str, given: AnswerForm, *, actor: Actor) -> Document:
        """Kept when it returns; where he stands then. An answer given anew takes back those that followed from it.

        Raises:
            NotFound: the actor has no such person, or his list has no script.
            InvalidInput: no such answer to this question.
            Conflict: this question was not come to.
        """
        entry, call_list = await self._held.his(entry_id, actor)
        run = await self._repository.run(entry_id) or await self._begun(entry, call_list)
        steps = await self._steps(run)
        value = _read(steps, given)
        kept = {"step": given.step, "value": value, "at": iso(self._clock.now()), "by": actor.login}
        attempt = (entry.get("attempt") or {}).get("id")

        def answered(now: Document) -> Document | None:
            place = _place(now, steps, given.step)
            if place < len(now["answers"]) and now["answers"][place]["value"] == value:
                return None
            return {**now, "answers": [*now["answers"][:place], {**kept, "attempt": attempt}]}

        after = await self._repository.amend_run(entry_id, answered)
        assert after is not None
        return await self._stands(after)

    async def answers(self, entry_id: str, since: str) -> dict[str, str]:
        """What was answered since then, by question in words; as people read it. What was answered at attempts before
        is told with these.
        """
        run = await self._repository.run(entry_id)
        if run is None:
            return {}
        steps = await self._steps(run)
        said: dict[str, str] = {}
        shown: dict[str, str] = {}
        for one in run["answers"]:
            step = steps[one["step"]]
            title = _title(step)
            # Two questions may be in the same words.
            title = title if shown.setdefault(title, step.id) == step.id else f"{title} ({step.id})"
            if one["at"] >= since:
                said[title] = _words(step, one["value"])
        return said

    async def report(self, list_id: str) -> dict[str, Any]:
        """How often which answer was given, by step, of all whom a list asked; and how many came to an end."""
        runs = await self._repository.of_list(list_id)
        counts: dict[str, Counter[str]] = {}
        numbers: dict[str, list[float]] = {}
        ended = 0
        versions: dict[tuple[str, int], dict[str, StepForm]] = {}
        for run in runs:
            version = run["script"], run["version"]
            if version not in versions:
                versions[version] = await self._steps(run)
            for one in run["answers"]:
                _count(one, counts.setdefault(one["step"], Counter()), numbers)
            steps = versions[version]
            ended += steps[_path(run, steps)[-1]].ends is not None
        return {"asked": len(runs), "ended": ended, "counts": counts, "numbers": numbers}

    async def _check(self, given: ScriptForm) -> None:
        known = await self._held.dictionary()
        if unknown := [step.ends for step in given.steps if step.ends and step.ends not in known]:
            fix = f"there is no disposition {unknown[0]}; GET /api/v1/dispositions lists them"
            raise InvalidInput(f"steps: {fix}", fields={"steps": fix})

    async def _begun(self, entry: Document, call_list: Document) -> Document:
        script = await self._repository.scripts.get(call_list.get("script") or "")
        if script is None:
            raise NotFound(f"{call_list['name']} has no script")
        about = {"_id": entry["_id"], "list": entry["list"], "script": script["_id"], "version": script["version"]}
        return await self._repository.begin({**about, "at": iso(self._clock.now()), "answers": []})

    async def _steps(self, run: Document) -> dict[str, StepForm]:
        told = await self._repository.version(run["script"], run["version"])
        assert told is not None
        return {one["id"]: StepForm.model_validate(one) for one in told["steps"]} | {"": _start(told)}

    async def _stands(self, run: Document) -> Document:
        steps = await self._steps(run)
        path = _path(run, steps)
        return {**run, "step": steps[path[-1]]}


def _told(given: ScriptForm) -> Document:
    return given.model_dump(mode="json", exclude={"team"})


def _start(told: Document) -> StepForm:
    """A step that nobody sees, before the first."""
    return StepForm.model_construct(id="", asks=None, branches=(), goto=told["start"], ends=None, says="")


def _path(run: Document, steps: Mapping[str, StepForm]) -> list[str]:
    """The questions that were answered, in order, and the step at which he stands."""
    answers, path, at = list(run["answers"]), list[str](), ""
    for _ in range(_ROUNDS):
        value = _kept(answers.pop(0)["value"]) if at and steps[at].asks and answers else None
        goto = following(steps[at], value)
        if goto is None or (at and steps[at].asks and value is None):
            break
        at = goto
        if steps[at].asks or steps[at].ends:
            path.append(at)
    return path or [at]


def _place(run: Document, steps: Mapping[str, StepForm], step: str) -> int:
    """Where an answer to a question belongs: the last time that it was come to. Raises Conflict."""
    path = _path(run, steps)
    places = [place for place, name in enumerate(path) if name == step]
    if not places:
        raise Conflict(f"step {step} was not come to; he stands at {path[-1]}")
    return places[-1]


def _read(steps: Mapping[str, StepForm], given: AnswerForm) -> Any:
    step = steps.get(given.step)
    if step is None or step.asks is None:
        fix = f"the script has no question {given.step}"
        raise InvalidInput(f"step: {fix}", fields={"step": fix})
    try:
        value = read(step.asks, given.value)
    except ValueError as exc:
        raise InvalidInput(f"value: {exc}", fields={"value": str(exc)}) from exc
    return list(value) if isinstance(value, tuple) else value


def _kept(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _title(step: StepForm) -> str:
    return (step.says or step.id)[:100]


def _words(step: StepForm, value: Any) -> str:
    titles = {one.value: one.title for one in step.asks.choices} if step.asks else {}
    return ", ".join(
        titles.get(str(one), f"{one:g}" if isinstance(one, float) else str(one)) for one in _several(value)
    )


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _count(answer: Document, counts: Counter[str], numbers: dict[str, list[float]]) -> None:
    value = answer["value"]
    if isinstance(value, int | float):
        numbers.setdefault(answer["step"], []).append(value)
    else:
        counts.update(str(one) for one in _several(value))
