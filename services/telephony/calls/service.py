"""Calls as the hub knows them: what exchanges tell is stored and told, once, newest wins."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.told import tell
from services.telephony.calls.drafts import Logins, Setting, draft, interaction_of, is_contact, newer, wanted
from services.telephony.calls.facts import moment
from services.telephony.calls.models import Call, Direction
from services.telephony.calls.owing import owes
from services.telephony.calls.repository import CallRepository
from services.telephony.calls.rings import Rings
from services.telephony.exchanges.models import Exchange
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import Directory, LineRepository
from services.telephony.metrics import CALLS

Asked = Callable[[Exchange, Iterable[str]], Awaitable[set[str]]]
"""Of ids that an exchange says are ours, those that we did ask it for."""
Heard = Callable[[Sequence[Document]], Awaitable[None]]
log = Log(__name__)


class Phones(Protocol):
    """Whose phones ring."""

    async def logins(self, exchange: str) -> Logins:
        """By extension."""
        ...


class Touches(Protocol):
    """Who was shown which number."""

    async def touch_of(self, line: str, at: datetime) -> str | None: ...


class Recorder(Protocol):
    """Fetches what was said."""

    async def want(self, exchange: str, call: Document, wanted: Sequence[tuple[str, str]]) -> None:
        """Adds recordings to be fetched; those that are known stay as they are."""
        ...


class Attends(Protocol):
    """Knows who of ours is in a call."""

    async def hear(self, call: Call, interaction_id: str, logins: Logins) -> None:
        """Raises TransientError."""
        ...


class ListCalls(Protocol):
    """Calls that call lists begin."""

    async def line_of(self, interaction_id: str) -> str: ...

    async def hear(self, call: Call, interaction_id: str) -> None:
        """Raises TransientError."""
        ...


class Visits(Protocol):
    """Knows what callers did before anybody answered."""

    async def hear(self, calls: Sequence[tuple[str, Call]]) -> list[Call]:
        """The same calls, each by its interaction, with what is known beside. Raises TransientError."""
        ...


class Book:
    """Takes calls over from exchanges."""

    def __init__(
        self,
        *,
        repository: CallRepository,
        lines: LineRepository,
        phones: Phones,
        recorder: Recorder,
        asked: Asked,
        rings: Rings,
        touches: Touches,
        presence: Attends,
        dials: ListCalls,
        visits: Visits,
        moved: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._lines = lines
        self._phones = phones
        self._recorder = recorder
        self._asked = asked
        self._rings = rings
        self._touches = touches
        self._presence = presence
        self._dials = dials
        self._visits = visits
        self._moved = moved
        self._clock = clock

    async def take(self, exchange: Exchange, calls: Sequence[Call], *, raw: str = "") -> list[Document]:
        """The documents of those that are contacts, as they are stored then; all of it is told, or will be.

        Raises:
            TransientError: nothing, or some of it, is stored; take them again.
        """
        if not calls:
            return []
        drafts = await self._drafts(exchange, calls, raw)
        return await self._store(drafts) if drafts else []

    async def knows(self, interaction_id: str) -> bool:
        """Whether an exchange told of the call of this interaction."""
        return await self._repository.calls.get(interaction_id) is not None

    async def _drafts(self, exchange: Exchange, calls: Sequence[Call], raw: str) -> dict[str, Document]:
        """By interaction; of several of one call the last."""
        directory, logins = await self._lines.directory(), await self._phones.logins(exchange.id)
        asked = await self._asked(exchange, {_request(call) for call in calls} - {""})
        now, drafts = iso(self._clock.now()), dict[str, Document]()
        by_id = [(_name(call, exchange, asked), call) for call in calls]
        for call in await self._visits.hear(by_id):
            ours = request if (request := _request(call)) in asked else None
            shown = directory.by_id(await self._dials.line_of(ours)) if ours and not call.line else None
            line = shown or _line_of(call, directory, exchange)
            setting = Setting(
                exchange=exchange.id, line=line, logins=logins, is_ours=directory.is_ours, received_at=now, raw=raw
            )
            if ours:
                await self._dials.hear(call, ours)
            await self._presence.hear(call, ours or interaction_of(call, exchange.id), logins)
            if ours or is_contact(call, setting):
                made = draft(call, setting, asked=ours)
                made["source"] = await self._source(call, line) or made["source"]
                await self._recorder.want(exchange.id, made, wanted(call, line))
                if line and line.sms_back and owes(made):
                    made["text_owed"] = now
                drafts[made["_id"]] = made
                self._rings.hear(call, made["_id"], line, logins)
        return drafts

    async def _source(self, call: Call, line: OurLine | None) -> Document | None:
        """Where a caller was shown this number, of a line that is given to visitors for a time."""
        if line is None or not line.pool or call.direction is not Direction.IN:
            return None
        touch = await self._touches.touch_of(line.id, from_iso(moment(call.started_at) or ""))
        return {"kind": "touch", "value": touch} if touch else None

    async def _store(self, drafts: dict[str, Document]) -> list[Document]:
        told = self._repository.calls
        known = await told.get_many(drafts)
        fresh = [one for interaction_id, one in drafts.items() if interaction_id not in known]
        stored, new = await told.insert_many(fresh) if fresh else ({}, set[str]())
        known |= {each: stored[each] for each in stored.keys() - new}
        changes = {each: partial(newer, after=drafts[each]) for each in known}
        changed = await told.amend_many(changes, known=known) if changes else {}
        found = {**stored, **changed}
        documents = [found[each] for each in drafts if each in found]
        await tell((told, documents))
        self._moved()
        for one in documents:
            _count(one)
        return documents


def _name(call: Call, exchange: Exchange, asked: set[str]) -> str:
    """The interaction of a call."""
    request = _request(call)
    return request if request in asked else interaction_of(call, exchange.id)


def _request(call: Call) -> str:
    """The id that we asked for it under: the exchange makes it that of its channel, if it is told no more."""
    return call.request or (call.id if call.id.startswith("in_") else "")


def _count(document: Document) -> None:
    if document["state"]["complete"] and document.get("owes"):
        CALLS.labels(document["exchange"], document["state"]["result"] or "").inc()


def _line_of(call: Call, directory: Directory, exchange: Exchange) -> OurLine | None:
    region = exchange.region
    found = directory.dialled(call.line, exchange=exchange.id, region=region)
    return found or directory.dialled(call.to, exchange=exchange.id, region=region)
