"""Sequences: written, started, paused, ended. Each step is a mailing that stands: rows join it one by one."""

from collections.abc import Mapping

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, page_of, seen
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.standing import Standing
from services.campaigns.segments.models import Condition
from services.campaigns.segments.service import Segments
from services.campaigns.sequences.models import SequenceForm
from services.campaigns.sequences.repository import MOST, SequenceRepository

_ACTIVE = ("running", "paused", "held")
_NOBODY = Condition(any=())


class Sequences:
    """All of them."""

    def __init__(
        self, repository: SequenceRepository, *, standing: Standing, segments: Segments, clock: Clock
    ) -> None:
        self._repository = repository
        self._standing = standing
        self._segments = segments
        self._clock = clock

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.sequences, actor, limit=limit, after=after)

    async def get(self, given: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return await seen(self._repository.sequences, given, actor, "sequence")

    async def add(self, given: SequenceForm, *, actor: Actor, key: str | None) -> Document:
        """A draft. Raises InvalidInput for what is not there."""
        await self._check(given, actor)
        made = derive("sq", actor.login, key) if key else fresh("sq")
        base = {"_id": made, "at": iso(self._clock.now()), "removed": False, "state": "draft", "reason": ""}
        sequence = {**base, "entered": 0, **_fields(given), **belongs(actor.login, given.team)}
        await self._repository.sequences.insert(sequence)
        return await self.get(made, actor)

    async def change(self, given: str, form: SequenceForm, *, actor: Actor) -> Document:
        """A draft anew. Raises NotFound, InvalidInput, and Conflict for one that was started."""
        sequence = await self.get(given, actor)
        if sequence["state"] != "draft":
            raise Conflict("it was started; end it, and make another one")
        await self._check(form, actor)
        known = {name: sequence[name] for name in ("_id", "_v", "at", "removed", "state", "reason", "entered")}
        after = {**known, **_fields(form), **belongs(sequence["owner"], form.team)}
        if not await self._repository.sequences.swap(after):
            raise Conflict
        return after

    async def _check(self, given: SequenceForm, actor: Actor) -> None:
        for number, step in enumerate(given.steps):
            try:
                await self._standing.fields(_mailing(given.name, given.topic, step.model_dump(), number), actor)
            except InvalidInput as exc:
                raise _of_step(exc, number) from exc
        if given.segment:
            await self._check_segment(given.segment, actor)

    async def _check_segment(self, segment: str, actor: Actor) -> None:
        try:
            found = await self._segments.get(segment, actor)
        except NotFound as exc:
            raise InvalidInput(f"segment: {exc}", fields={"segment": str(exc)}) from exc
        if not found.get("watched"):
            fix = f"{segment} is not watched; PATCH /api/v1/segments/{segment} with watched: true"
            raise InvalidInput(f"segment: {fix}", fields={"segment": fix})

    # --- while it goes ---

    async def start(self, given: str, *, actor: Actor) -> Document:
        """From now on whoever enters its segment enters it, with the templates as they are now.

        Raises NotFound, InvalidInput, and Conflict where it was ended.
        """
        sequence = await self.get(given, actor)
        if sequence["state"] in _ACTIVE:
            return sequence
        if sequence["state"] != "draft":
            raise Conflict("it was ended; make another one")
        if len(await self._repository.active()) >= MOST:
            raise Conflict(f"{MOST} sequences go already, which is the most; end one")
        if sequence.get("segment"):
            await self._check_segment(sequence["segment"], actor)
        mailings = await self._begun(sequence, actor)
        fields = {"mailings": mailings, "started_at": iso(self._clock.now()), "reach": list(actor.reach)}
        return await self._moved(given, {"draft": "running"}, fields)

    async def _begun(self, sequence: Document, actor: Actor) -> list[str]:
        """Its mailings; all are looked at before the first one stands."""
        forms = {
            derive("ml", sequence["_id"], str(number)): _mailing(sequence["name"], sequence["topic"], step, number)
            for number, step in enumerate(sequence["steps"])
        }
        for made, form in forms.items():
            await self._standing.check(form, made, actor)
        for made, form in forms.items():
            await self._standing.begin(form, made=made, stale_after=sequence["stale_after"], actor=actor)
        return list(forms)

    async def pause(self, given: str, *, actor: Actor) -> Document:
        """What has not left waits. Raises NotFound and Conflict."""
        return await self._steered(given, actor, {"running": "paused"}, "paused")

    async def resume(self, given: str, *, actor: Actor) -> Document:
        """Goes on; of one that was held this is the confirmation. Raises as `pause`."""
        return await self._steered(given, actor, {"paused": "running", "held": "running"}, "running")

    async def end(self, given: str, *, actor: Actor) -> Document:
        """Nobody enters any more, and what has not left never will. Raises as `pause`."""
        states = dict.fromkeys(("draft", *_ACTIVE), "ended")
        return await self._steered(given, actor, states, "cancelled")

    async def _steered(self, given: str, actor: Actor, states: Mapping[str, str], mailings: str) -> Document:
        """Its own state first: a step that is asked for meanwhile is steered with the others."""
        await self.get(given, actor)
        after = await self._moved(given, states, {})
        for mailing in after.get("mailings") or ():
            await self._standing.move(mailing, mailings)
        return after

    async def _moved(self, given: str, states: Mapping[str, str], fields: Document) -> Document:
        at = iso(self._clock.now())

        def change(now: Document) -> Document | None:
            state = states.get(now["state"])
            return in_state(now, state, at, fields) if state else None

        after = await self._repository.amend(given, change)
        if after is None or after["state"] not in states.values():
            raise Conflict(f"it is {after['state'] if after else 'gone'}: that cannot be done now")
        return after


def in_state(now: Document, state: str, at: str, fields: Document) -> Document:
    """The sequence in another state; that somebody runs it is noted from `at` on."""
    after = {**now, "reason": "", **fields, "state": state, "changed_at": at}
    if state in _ACTIVE:
        return {**after, "active": True, **({"seen_at": at} if state == "running" else {})}
    bare = {name: value for name, value in after.items() if name != "active"}
    return {**bare, "ending": True} if state == "ended" else bare


def _fields(given: SequenceForm) -> Document:
    fields: Document = given.model_dump(mode="json", exclude={"team", "again_after", "stale_after", "steps"})
    again = given.again_after.total_seconds() if given.again_after is not None else None
    steps = [{"wait": one.wait.total_seconds(), "message": one.message.model_dump()} for one in given.steps]
    return {**fields, "steps": steps, "again_after": again, "stale_after": given.stale_after.total_seconds()}


def _mailing(name: str, topic: str, step: Document, number: int) -> MailingForm:
    title = f"{name[:190]} · {number + 1}"
    return MailingForm(name=title, topic=topic, messages=(step["message"],), include=_NOBODY)


def _of_step(exc: InvalidInput, number: int) -> InvalidInput:
    named = {name.replace("messages.0", f"steps.{number}.message"): fix for name, fix in (exc.fields or {}).items()}
    return InvalidInput("; ".join(f"{name}: {fix}" for name, fix in named.items()) or str(exc), fields=named)
