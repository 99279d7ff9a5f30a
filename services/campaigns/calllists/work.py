"""An operator's work with call lists: who is next, who is rung, and what came of it.

An operator has one person at a time until he says what came of it; nobody else gets that person meanwhile, whatever
happens to the operator's browser.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document
from services.campaigns.calllists.models import Disposition, Finish, Skip
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Ringing
from services.campaigns.calllists.rules import (
    EVERYWHERE,
    STOPPED,
    Known,
    Policy,
    Standing,
    finished,
    first_number,
    standing_of,
)
from services.campaigns.calllists.service import CallLists
from services.campaigns.calllists.stops import Stops

_LOOKED = 2_000
"""Of those whose time has come, so many are looked at for one that may be phoned."""


Answers = Callable[[str, str], Awaitable[dict[str, str]]]
"""What somebody of a list answered since a moment, by question."""


async def _unasked(entry_id: str, since: str) -> dict[str, str]:
    del entry_id, since
    return {}


class Work:
    """Of all operators."""

    def __init__(
        self,
        repository: CallRepository,
        lists: CallLists,
        stops: Stops,
        ringing: Ringing,
        clock: Clock,
        rules: Policy,
    ) -> None:
        self._repository = repository
        self._lists = lists
        self._stops = stops
        self._ringing = ringing
        self._clock = clock
        self._rules = rules
        self._answers: Answers = _unasked

    def leads(self, answers: Answers) -> None:
        """What people answered to scripts is kept with their attempts."""
        self._answers = answers

    async def mine(self, actor: Actor) -> list[Document]:
        """Whom he has: somebody to phone, or an outcome that is still to be said."""
        return await self._repository.held_by(actor.login)

    async def next(self, given: str, *, actor: Actor) -> Document | None:
        """The next person to phone, his from now on; whom he has already, first. None: nobody may be phoned now.

        Raises NotFound, and Conflict where the list rests.
        """
        if held := await self.mine(actor):
            return held[0]
        call_list = await self._lists.get(given, actor)
        if call_list["state"] != "running":
            raise Conflict(f"{call_list['name']} rests; start it first")
        if call_list.get("dials"):
            raise Conflict(f"{call_list['name']} dials by itself; POST …/agents/me, and be available")
        return await self.another(call_list, actor=actor)

    async def another(self, call_list: Document, *, actor: Actor) -> Document | None:
        """Somebody of a list, whomever the actor has already. None: nobody may be phoned now."""
        now, after, looked = self._clock.now(), None, 0
        while looked < _LOOKED:
            page = await self._repository.due(call_list["_id"], now, after)
            for entry in page.items:
                if taken := await self._taken(entry, call_list, actor, now):
                    return taken
            looked += len(page.items)
            if (after := page.next) is None:
                return None
        return None

    async def _taken(self, entry: Document, call_list: Document, actor: Actor, now: datetime) -> Document | None:
        """Him, if he may be phoned and nobody was faster; else he is put off until he may."""
        standing = await self.standing(entry, call_list, actor.login, now)
        if standing.stage == "":
            after = {**entry, "state": "held", "holder": actor.login, "held_at": iso(now)}
            return {**after, "_v": entry["_v"] + 1} if await self._repository.entries.swap(after) else None
        if standing.until:
            await self._repository.entries.swap({**entry, "due": iso(standing.until)})
        elif standing.stage == "do_not_call":
            await self._repository.entries.swap(self._stopped(entry))
        return None

    def _stopped(self, entry: Document) -> Document:
        """This number is not phoned; another one of his may be."""
        after = {**entry, "bad": [*entry["bad"], entry["number"]]}
        number = first_number(after)
        return {**after, "number": number} if number else {**after, "state": STOPPED}

    async def standing(self, entry: Document, call_list: Document, operator: str, now: datetime) -> Standing:
        """The first reason for which he is not phoned now."""
        known = Known(
            number=await self._repository.numbers.get(entry["number"]),
            person=await self._repository.people.get(entry["person"]),
            masks=await self._stops.masks(),
        )
        return standing_of(entry, call_list, known, self._rules, operator, now)

    async def dial(self, entry_id: str, *, actor: Actor) -> Document:
        """Rings him: once, however often it is asked. Raises NotFound, Conflict, TransientError."""
        entry = await self._his(entry_id, actor)
        call_list = await self._lists.get(entry["list"], actor)
        return await self._ringing.dial(entry, line=call_list["line"], actor=actor)

    async def _his(self, entry_id: str, actor: Actor) -> Document:
        entry = await self._repository.entries.get(entry_id)
        if entry is None or entry.get("holder") != actor.login:
            raise NotFound(f"you have nobody {entry_id}; POST /api/v1/call-lists/{{id}}/next gives you the next one")
        return entry

    async def his(self, entry_id: str, actor: Actor) -> tuple[Document, Document]:
        """Somebody whom the actor has, and the list. Raises NotFound."""
        entry = await self._his(entry_id, actor)
        call_list = await self._repository.lists.get(entry["list"])
        assert call_list is not None
        return entry, call_list

    async def dictionary(self) -> dict[str, Disposition]:
        return await self._lists.dictionary()

    async def skip(self, entry_id: str, given: Skip, *, actor: Actor) -> None:
        """He is not phoned now; the reason is kept. Raises NotFound, and Conflict once he was rung."""
        entry = await self._his(entry_id, actor)
        if entry.get("attempt"):
            raise Conflict("he was rung; say what came of it: POST …/outcome")
        now = self._clock.now()
        note = {"at": iso(now), "by": actor.login, "reason": given.reason}
        skips = [*entry.get("skips", ()), note][-20:]
        await self._ringing.give_back(entry, {"due": iso(now + given.again_in), "skips": skips})

    async def finish(self, entry_id: str, given: Finish, *, actor: Actor) -> Document:
        """What came of it. Raises NotFound, InvalidInput, and Conflict where nobody was rung."""
        entry = await self._his(entry_id, actor)
        if not entry.get("attempt"):
            raise Conflict("nobody was rung yet; POST …/dial, or …/skip with the reason")
        call_list = await self._lists.get(entry["list"], actor)
        meaning = await self._meaning(given, call_list)
        return await self._finished(entry, given, meaning, call_list, actor)

    async def came(self, entry: Document, code: str, *, actor: Actor) -> Document:
        """What a machine says came of it, whatever the list allows people to say. Raises NotFound."""
        call_list = await self._lists.get(entry["list"], actor)
        meaning = (await self._lists.dictionary())[code]
        # A machine promises no time: whatever the dictionary says, he is tried again as after any attempt.
        meaning = meaning.model_copy(update={"flags": tuple(one for one in meaning.flags if one != "callback")})
        return await self._finished(entry, Finish(disposition=code), meaning, call_list, actor)

    async def _finished(
        self, entry: Document, given: Finish, meaning: Disposition, call_list: Document, actor: Actor
    ) -> Document:
        now, attempt = self._clock.now(), entry["attempt"]
        callback = self._callback(given, meaning, call_list, now)
        if "do_not_call" in meaning.flags:
            await self._stops.stop(attempt["number"], EVERYWHERE, why=given.comment or meaning.title, by=actor.login)
        await self._keep(entry, attempt, given, meaning, actor, now, source=call_list.get("source"))
        await self._ringing.unring(attempt)
        fields = finished(entry, given.disposition, meaning, call_list, now, callback=callback)
        if callback and given.mine:
            fields["only"] = actor.login

        def over(current: Document) -> Document | None:
            if (current.get("attempt") or {}).get("id") != attempt["id"]:
                return None
            rest = {n: v for n, v in current.items() if n not in ("holder", "held_at", "attempt")}
            return {**rest, **fields, "comment": given.comment}

        after = await self._repository.amend_entry(entry["_id"], over)
        assert after is not None
        return after

    async def _meaning(self, given: Finish, call_list: Document) -> Disposition:
        known = await self._lists.dictionary()
        allowed = call_list["dispositions"] or list(known)
        if given.disposition not in known or given.disposition not in allowed:
            fix = f"this list has no disposition {given.disposition}; it has {', '.join(sorted(allowed))}"
            raise InvalidInput(f"disposition: {fix}", fields={"disposition": fix})
        return known[given.disposition]

    def _callback(self, given: Finish, meaning: Disposition, call_list: Document, now: datetime) -> datetime | None:
        if "callback" not in meaning.flags:
            return None
        latest = now + timedelta(days=call_list["callback_days"])
        if given.callback_at is None or not now < given.callback_at <= latest:
            fix = f"give a time after now and before {iso(latest)}"
            raise InvalidInput(f"callback_at: {fix}", fields={"callback_at": fix})
        return given.callback_at

    async def _keep(
        self,
        entry: Document,
        attempt: Document,
        given: Finish,
        meaning: Disposition,
        actor: Actor,
        now: datetime,
        *,
        source: str | None,
    ) -> None:
        """An attempt with its outcome, once; whoever was reached met the list's source."""
        met = {"source": source} if source and "contact" in meaning.flags else {}
        answers = {**await self._answers(entry["_id"], entry["held_at"]), **given.answers}
        follows = {"task": _task(given, actor), "deal": given.deal and given.deal.model_dump(mode="json")}
        owes = {"owes": True} if answers or given.comment or met or any(follows.values()) else {}
        document = {
            **met,
            **owes,
            "follows": follows,
            "_id": attempt["id"],
            "list": entry["list"],
            "entry": entry["_id"],
            "client": entry["client"],
            "number": attempt["number"],
            "at": attempt["at"],
            "over_at": iso(now),
            "by": actor.login,
            "interaction": attempt["interaction"],
            "disposition": given.disposition,
            "flags": list(meaning.flags),
            "comment": given.comment,
            "answers": answers,
        }
        await self._repository.attempts.insert(document)

    async def why(self, entry_id: str, actor: Actor) -> Standing:
        """Why he is not phoned now. Raises NotFound."""
        entry, call_list = await self._lists.entry(entry_id, actor)
        return await self.standing(entry, call_list, actor.login, self._clock.now())


def _task(given: Finish, actor: Actor) -> Document | None:
    return {"assignee": actor.login, **given.task.model_dump(exclude_none=True)} if given.task else None
