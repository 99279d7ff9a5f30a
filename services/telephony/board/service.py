"""Makes the board of what is stored: the same numbers as the lists of agents, calls and dials that it is made of."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.agent import BoardMoved
from hub.contracts.base import Envelope
from hub.contracts.scope import of_team, reaches
from hub.kit.clock import Clock, from_iso
from hub.kit.every import every
from hub.store.base import Document
from services.telephony.agents import rules as agent_rules
from services.telephony.agents.models import AgentView
from services.telephony.agents.repository import AgentRepository
from services.telephony.board.models import Board, BoardCall, BoardLevel, BoardList, BoardQuery, BoardQueue
from services.telephony.calls.repository import SOURCE, CallRepository
from services.telephony.dials.repository import DialRepository
from services.telephony.exchanges.repository import ExchangeRepository
from services.telephony.lines.repository import LineRepository
from services.telephony.statistics.models import StatisticsQuery
from services.telephony.statistics.service import Counts

MOST, _PAGE = 500, 500


class Pulse:
    """Tells that the board moved: once a second at most, however much happens."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._moved = False

    def beat(self) -> None:
        self._moved = True

    async def look(self) -> None:
        """What cannot be told now is told with the next one."""
        if self._moved:
            now = self._clock.now()
            await self._bus.publish([Envelope(event=BoardMoved(at=now), source=SOURCE, time=now)])
            self._moved = False


class Boards:
    """Of what somebody sees."""

    def __init__(
        self,
        *,
        agents: AgentRepository,
        calls: CallRepository,
        dials: DialRepository,
        lines: LineRepository,
        exchanges: ExchangeRepository,
        counts: Counts,
        clock: Clock,
    ) -> None:
        self._agents = agents
        self._calls = calls
        self._dials = dials
        self._lines = lines
        self._exchanges = exchanges
        self._counts = counts
        self._clock = clock

    async def of(self, query: BoardQuery, actor: Actor) -> Board:
        now = self._clock.now()
        directory = await self._lines.directory()
        seen = {line.id for line in directory.lines if reaches(actor.reach, [of_team(line.team)])}
        agents = await every(lambda after: self._agents.page(limit=_PAGE, after=after))
        shown = [one for one in agents if reaches(actor.reach, one["seen_by"])]
        calls = [one for one in await self._open() if reaches(actor.reach, [of_team(one["team"])])]
        return Board(
            at=now,
            by_state=_by_state(shown[:MOST]),
            agents=[AgentView.of(one) for one in shown[:MOST]],
            calls=[_call(one) for one in calls[:MOST]],
            queues=_queues(calls, now),
            level=await self._level(query, now, actor.reach),
            lists=await self._lists(seen, {one for agent in shown for one in agent["lists"]}),
            complete=len(shown) <= MOST and len(calls) <= MOST,
        )

    async def _open(self) -> list[Document]:
        exchanges = await every(lambda after: self._exchanges.page(limit=_PAGE, after=after))
        found = [call for one in exchanges for call in await self._calls.open_of(one["_id"])]
        return sorted(found, key=lambda call: str(call["started_at"]))

    async def _level(self, query: BoardQuery, now: datetime, reach: Sequence[str]) -> BoardLevel:
        period = StatisticsQuery(since=now - timedelta(minutes=query.minutes), until=now + timedelta(seconds=1))
        row = await self._counts.total(period, reach)
        return BoardLevel(
            calls=row.calls,
            answered=row.answered,
            abandoned=row.abandoned,
            within_level=row.within_level,
            service_level=row.service_level,
        )

    async def _lists(self, lines: set[str], of_agents: set[str]) -> list[BoardList]:
        """Of lists whose agents he sees and that show a line that he sees."""
        found = [await self._list(one) for one in sorted(of_agents) if await self._dials.line_of_list(one) in lines]
        return found[:MOST]

    async def _list(self, call_list: str) -> BoardList:
        counts = await self._dials.counts(call_list)
        return BoardList(
            call_list=call_list,
            ringing=counts.ringing,
            waiting=counts.waiting,
            talking=counts.dialled - counts.over - counts.ringing - counts.waiting,
            answered=counts.answered,
            dropped=counts.dropped,
            drop_rate=round(counts.dropped / counts.answered, 4) if counts.answered else 0.0,
        )


def _by_state(agents: Sequence[Document]) -> dict[str, int]:
    counts = Counter(one["state"] for one in agents)
    return {state: counts[state] for state in agent_rules.STATES}


def _call(call: Document) -> BoardCall:
    state = call["state"]
    talks, queue = state["answered_at"] is not None, state["queue"]
    return BoardCall(
        id=call["_id"],
        direction=call["direction"],
        line=call["line"] or None,
        state="talking" if talks else "queued" if queue else "ringing",
        since=from_iso(state["answered_at"] or state["started_at"]),
        login=state["answered_login"] if talks else None,
        queue=queue["name"] if queue else None,
    )


def _queues(calls: Sequence[Document], now: datetime) -> list[BoardQueue]:
    waits: dict[str, list[float]] = {}
    for call in calls:
        state = call["state"]
        if state["queue"] and not state["queue"].get("left") and state["answered_at"] is None:
            seconds = (now - from_iso(state["started_at"])).total_seconds()
            waits.setdefault(state["queue"]["name"], []).append(seconds)
    return [
        BoardQueue(name=name, waiting=len(some), longest=round(max(0.0, *some), 1))
        for name, some in sorted(waits.items())
    ]
