"""Agents in the store, told as they change, and the history of what they did."""

from collections.abc import Callable, Sequence
from datetime import datetime

from hub.bus.base import Bus
from hub.contracts.agent import AgentChanged
from hub.contracts.base import Event
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.every import pages
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Index, Page, Range, Store, Where
from hub.store.due import DUE
from hub.store.told import OWES, Change, Fact, Told
from services.telephony.agents.rules import began, begun
from services.telephony.calls.repository import SOURCE

AGENTS = CollectionSpec(
    "agents", (Index("state", "since"), Index("lists", many=True), Index("calls", many=True), DUE, OWES)
)
SPELLS = CollectionSpec("agent_spells", (Index("login", "until"), Index("until")))
REASONS = CollectionSpec("pause_reasons")
_SAID = ("state", "reason", "since", "call", "lists")
_ALL, _PAGE = 1_000, 500


class AgentRepository:
    """Every query about agents."""

    def __init__(self, store: Store) -> None:
        self.agents = Told(store.collection(AGENTS), facts=agent_facts, state=agent_event, source=SOURCE)
        self._spells = store.collection(SPELLS)
        self._reasons = store.collection(REASONS)
        self.moved: Callable[[], None] = lambda: None
        """Called with each change of an agent."""

    def on(self, bus: Bus, clock: Clock) -> None:
        self.agents.on(bus, clock)

    async def change(
        self, login: str, change: Change, *, seen_by: list[str] | None, now: datetime
    ) -> Document | None:
        """The agent as he is then; one who is new begins away, unless no `seen_by` is given: then there is none."""
        if seen_by is not None and await self.agents.get(login) is None:
            await self.agents.insert(begun(login, seen_by, now))
        after = await self.agents.amend(login, change)
        if after is not None:
            await self.keep(after)
            await self.agents.tell(after)
        return after

    async def keep(self, agent: Document) -> None:
        """What he did before, in the history: the same rows whoever writes them, and however often."""
        self.moved()
        if agent["past"]:
            await self._spells.put_many([_row(agent["_id"], one) for one in agent["past"]])

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self.agents.find({}, limit=limit, after=after)

    async def of_list(self, call_list: str) -> list[Document]:
        """Those who are logged in to a call list, up to a thousand."""
        return (await self.agents.find({"lists": call_list}, limit=_ALL)).items

    async def of_call(self, call: str) -> list[str]:
        """Logins of those who are in a call, or were given it."""
        return [str(one["_id"]) for one in (await self.agents.find({"calls": call}, limit=_ALL)).items]

    async def spells(self, login: str, since: datetime, until: datetime) -> list[Document]:
        """What he did between two moments, in order, without gaps since he was first heard of. One that goes on
        has no `until`.
        """
        where: Where = {"login": login, "until": Range(since=iso(since))}
        rows: list[Document] = []
        async for some in pages(lambda after: self._spells.find(where, order="until", limit=_PAGE, after=after)):
            rows += some
            if some and some[-1]["since"] >= iso(until):
                break  # of what followed, years may be kept
        agent = await self.agents.get(login)
        found = {one["_id"]: one for one in rows}
        if agent:
            found |= {row["_id"]: row for row in (_row(login, one) for one in agent["past"])}
            now = {name: agent[name] for name in ("state", "reason", "call", "lists")}
            found["now"] = {**now, "since": began(agent), "until": None}
        # Those of an older hub name no lists.
        ordered = sorted(
            ({"lists": [], **one} for one in found.values()), key=lambda one: (one["since"], one["until"] or "~")
        )
        return [one for one in ordered if one["since"] < iso(until) and (one["until"] or "~") > iso(since)]

    async def forget(self, before: datetime) -> int:
        """What was over before a moment; how many spells. Those that an agent's own document has stay until he goes
        on."""
        count, where = 0, {"until": Range(until=iso(before))}
        while page := (await self._spells.find(where, order="until", limit=_PAGE)).items:
            count += await self._spells.delete_many([str(one["_id"]) for one in page])
        return count

    async def reasons(self) -> dict[str, Document]:
        found = await self._reasons.find({}, limit=_PAGE)
        return {one["_id"]: one["told"] for one in found.items}

    async def define(self, code: str, told: Document) -> None:
        await self._reasons.put_many([{"_id": code, "told": told}])


def agent_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    """That he is still heard of is no news."""
    changed = before is None or any(before[name] != after[name] for name in _SAID)
    return (AgentChanged,) if changed else ()


def agent_event(kind: type[Event], agent: Document) -> Event:
    del kind
    return AgentChanged(
        login=agent["_id"],
        state=agent["state"],
        reason=agent["reason"],
        since=from_iso(agent["since"]),
        call=agent["call"],
        lists=tuple(agent["lists"]),
        seen_by=tuple(agent["seen_by"]),
        revision=agent["_v"],
    )


def _row(login: str, spell: Document) -> Document:
    return {"_id": derive("sp", login, spell["since"], spell["until"], spell["state"]), "login": login, **spell}
