"""Presence: who is there for calls. Employees declare it, calls move it, and silence ends it."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from hub.api.actor import Actor
from hub.contracts.scope import reaches, seen_by
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.every import pages
from hub.store.base import Document, Page
from services.telephony.agents import rules
from services.telephony.agents.models import REASONS, HistoryView, PauseReason, Period, SpellView
from services.telephony.agents.models import Presence as Declared
from services.telephony.agents.repository import AgentRepository
from services.telephony.calls.models import Call
from services.telephony.calls.speaking import speaking

_KEPT, _PAGE = 10_000, 500
"""Calls of employees that are known to be told already; agents that are read at once."""


class Presence:
    """Of all agents."""

    def __init__(self, repository: AgentRepository, clock: Clock, *, lease: timedelta, work: timedelta) -> None:
        """`lease`: so long an agent counts as there after he was heard of; `work`: the limit of work after a call."""
        self._repository = repository
        self._clock = clock
        self._lease = lease
        self._work = work
        self._told: OrderedDict[tuple[str, str], bool] = OrderedDict()

    async def mine(self, actor: Actor) -> Document:
        """Who never declared anything is away."""
        found = await self._repository.agents.get(actor.login)
        return found or rules.begun(actor.login, seen_by(actor.login, actor.teams), self._clock.now())

    async def page(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        """Those whom he sees; a page may have fewer than `limit`."""
        page = await self._repository.page(limit=limit, after=after)
        return Page([one for one in page.items if reaches(actor.reach, one["seen_by"])], page.next)

    async def of_list(self, call_list: str) -> list[Document]:
        return await self._repository.of_list(call_list)

    async def declare(self, given: Declared, *, actor: Actor) -> Document:
        """He is heard of, too. Raises InvalidInput."""
        await self._check(given.reason)
        now, tokens = self._clock.now(), seen_by(actor.login, actor.teams)

        def change(agent: Document) -> Document:
            work = agent["work"] if agent["lists"] else self._work.total_seconds()
            base = {**agent, "seen_by": tokens, "work": work}
            return rules.said(base, given.state, given.reason or "", now, now + self._lease)

        return await self._changed(actor.login, change, tokens)

    async def turn(self, login: str, given: Declared, *, actor: Actor) -> Document:
        """Somebody else says it of him. Raises NotFound and InvalidInput."""
        await self._check(given.reason)
        await self._seen(login, actor)
        now = self._clock.now()

        def change(agent: Document) -> Document:
            return rules.said(agent, given.state, given.reason or "", now, now + self._lease)

        return await self._changed(login, change, None)

    async def renew(self, *, actor: Actor) -> Document:
        """He is still there; who counts as away has to declare himself anew."""
        until = self._clock.now() + self._lease

        def change(agent: Document) -> Document | None:
            return None if agent["state"] == rules.AWAY else rules.renewed(agent, until)

        return await self._repository.agents.amend(actor.login, change) or await self.mine(actor)

    async def join(self, call_list: str, *, work: timedelta, actor: Actor) -> Document:
        """He takes calls of a list from now on. Whether he sees the list is for whoever asks to know."""
        now, tokens = self._clock.now(), seen_by(actor.login, actor.teams)

        def change(agent: Document) -> Document:
            there = rules.joined({**agent, "seen_by": tokens}, call_list, work, now)
            return rules.renewed(there, now + self._lease)

        return await self._changed(actor.login, change, tokens)

    async def leave(self, call_list: str, *, actor: Actor) -> Document:
        """Who never declared anything is no agent afterwards, either."""
        now, change = self._clock.now(), partial(rules.left, call_list=call_list, now=self._clock.now())
        after = await self._repository.change(actor.login, change, seen_by=None, now=now)
        return after or rules.begun(actor.login, [], now)

    async def take(self, call_list: str, call: str, *, among: set[str] | None = None) -> str | None:
        """The login of an agent of the list for a call: his from now on, the longest free first; whoever has it
        already, before. None is free. `among`: those who can be rung.
        """
        there = await self.of_list(call_list)
        agents = [one for one in there if one["state"] == rules.AVAILABLE and (among is None or one["_id"] in among)]
        if his := next((one["_id"] for one in there if call in one["calls"]), None):
            return str(his)
        for agent in sorted(agents, key=lambda one: str(one["since"])):
            if await self._take(agent, call):
                return str(agent["_id"])
        return None

    async def give_back(self, login: str, call: str) -> None:
        """He was given a call that is over by now: he is as free as before."""
        now = self._clock.now()

        def free(agent: Document) -> Document:
            return rules.out_of_call({**agent, "work": 0.0}, call, now) | {"work": agent["work"]}

        await self._repository.change(login, free, seen_by=None, now=now)

    async def states(self, logins: Iterable[str]) -> dict[str, Document]:
        """Of those who declared themselves."""
        return await self._repository.agents.get_many(logins)

    async def give(self, login: str, call: str) -> bool:
        """A call for this one, who has it from now on if he is free. Who never declared anything is."""
        agent = await self._repository.agents.get(login)
        return agent is None or call in agent["calls"] or await self._take(agent, call)

    async def over(self, login: str, call: str, *, unanswered: bool = False) -> None:
        """A call of his is over."""
        now = self._clock.now()
        change = partial(rules.out_of_call, call=call, now=now, unanswered=unanswered)
        await self._repository.change(login, change, seen_by=None, now=now)

    async def release(self, call: str, *, unanswered: bool = False) -> None:
        """A call is over for whoever was given it, also where a crash left that unsaid."""
        for login in await self._repository.of_call(call):
            await self.over(login, call, unanswered=unanswered)

    async def hear(self, call: Call, interaction_id: str, logins: Mapping[str, str]) -> None:
        """A call as it is now: who speaks in it is in a call, who does so no more is not. Raises TransientError."""
        talking = dict.fromkeys(speaking(call, logins), True)
        done = dict.fromkeys(_done(call, logins), False)
        if call.complete:
            # Whoever is in it by what is stored, too: his phone may be somebody else's by now.
            done |= dict.fromkeys(await self._repository.of_call(interaction_id), False)
        for login, talks in {**done, **talking}.items():
            if self._told.get((login, interaction_id)) == talks:
                continue
            now = self._clock.now()
            step = rules.in_call if talks else rules.out_of_call
            await self._repository.change(login, partial(step, call=interaction_id, now=now), seen_by=None, now=now)
            self._told[login, interaction_id] = talks
        while len(self._told) > _KEPT:
            self._told.popitem(last=False)

    async def reasons(self) -> dict[str, PauseReason]:
        found = await self._repository.reasons()
        return REASONS | {code: PauseReason.model_validate(told) for code, told in found.items()}

    async def define(self, code: str, given: PauseReason) -> None:
        await self._repository.define(code, given.model_dump())

    async def history(self, login: str, period: Period, *, actor: Actor) -> HistoryView:
        """Raises NotFound."""
        await self._seen(login, actor)
        return await self._history(login, period, await self.reasons())

    async def statistics(
        self, period: Period, *, actor: Actor, limit: int, after: str | None
    ) -> tuple[list[HistoryView], str | None]:
        """Of a page of those whom he sees what each did, and where the next page begins."""
        page = await self.page(actor, limit=limit, after=after)
        reasons = await self.reasons()
        return [await self._history(one["_id"], period, reasons) for one in page.items], page.next

    async def of_day(self, call_list: str, since: datetime, until: datetime) -> dict[str, list[Document]]:
        """By login the spells of those who took calls of a list, between two moments."""
        found: dict[str, list[Document]] = {}
        async for agents in pages(lambda after: self._repository.page(limit=_PAGE, after=after)):
            for agent in agents:
                spells = await self._repository.spells(agent["_id"], since, until)
                if any(call_list in spell["lists"] for spell in spells):
                    found[agent["_id"]] = spells
        return found

    async def forget(self, before: datetime) -> int:
        """Spells that were over before a moment; how many."""
        return await self._repository.forget(before)

    async def _history(self, login: str, period: Period, reasons: Mapping[str, PauseReason]) -> HistoryView:
        found = await self._repository.spells(login, period.since, period.until)
        now = self._clock.now()
        items = [one for one in (_clipped(spell, period, now) for spell in found) if one.seconds > 0]
        return _history(login, _joined(items), reasons)

    async def _take(self, agent: Document, call: str) -> bool:
        """Whether it is his, as he was read; nobody was faster."""
        wanted = rules.taken(agent, call, self._clock.now())
        after = (await self._repository.agents.swap_many([(agent, wanted)])).get(agent["_id"]) if wanted else None
        if after is not None:
            await self._repository.keep(after)
            await self._repository.agents.tell(after)
        return after is not None

    async def _seen(self, login: str, actor: Actor) -> None:
        agent = await self._repository.agents.get(login)
        if agent is None or not reaches(actor.reach, agent["seen_by"]):
            raise NotFound(f"there is no agent {login}")

    async def _check(self, reason: str | None) -> None:
        known = await self.reasons()
        if reason is not None and reason not in known:
            fix = f"there is no reason {reason}; it is one of {', '.join(sorted(known))}"
            raise InvalidInput(f"reason: {fix}", fields={"reason": fix})

    async def _changed(self, login: str, change: rules.Changes, tokens: list[str] | None) -> Document:
        after = await self._repository.change(login, change, seen_by=tokens, now=self._clock.now())
        assert after is not None
        return after


def _done(call: Call, logins: Mapping[str, str]) -> set[str]:
    """Who took part and does so no more. Whose phone rings may have been given the call."""
    ours = [leg for leg in call.legs if leg.role == "operator"]
    parties = {leg.party for leg in ours if call.complete or (leg.answered and leg.over)}
    parties |= {call.operator} if call.operator and call.complete else set()
    return {logins[party] for party in parties if party in logins}


def _clipped(spell: Document, period: Period, now: datetime) -> SpellView:
    since = max(from_iso(spell["since"]), period.since)
    until = min(from_iso(spell["until"]) if spell["until"] else now, period.until, max(now, since))
    seconds = max(0.0, (until - since).total_seconds())
    return SpellView(
        state=spell["state"],
        reason=spell["reason"],
        since=since,
        until=until,
        seconds=round(seconds, 6),
        call=spell["call"],
    )


def _joined(items: Iterable[SpellView]) -> list[SpellView]:
    """What he did through a change of his lists is one."""
    done: list[SpellView] = []
    for one in items:
        last = done[-1] if done else None
        same = last and (last.state, last.reason, last.call, last.until) == (
            one.state,
            one.reason,
            one.call,
            one.since,
        )
        if last and same:
            seconds = round(last.seconds + one.seconds, 6)
            done[-1] = last.model_copy(update={"until": one.until, "seconds": seconds})
        else:
            done.append(one)
    return done


def _history(login: str, items: list[SpellView], reasons: Mapping[str, PauseReason]) -> HistoryView:
    pauses = [one for one in items if one.state == rules.PAUSED]
    free = {code for code, one in reasons.items() if not one.billable}
    billable = [one for one in items if one.state != rules.AWAY and not (one in pauses and one.reason in free)]
    return HistoryView(
        login=login,
        seconds=_seconds(items),
        by_state={state: _seconds(one for one in items if one.state == state) for state in rules.STATES},
        by_reason={
            code: _seconds(one for one in pauses if one.reason == code) for code in {p.reason for p in pauses}
        },
        billable=_seconds(billable),
        items=items,
    )


def _seconds(items: Iterable[SpellView]) -> float:
    return round(sum(one.seconds for one in items), 6)
