"""Touches: who met which source, taken from pages, leads, employees and what comes in; each is told once.

A touch names whoever it is of as he was met: a visitor, an address, a client. Whose that is now is asked when
it is read, so it survives every merge, and every merge undone.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.address import ConsentRecorded
from hub.contracts.base import Envelope, Event
from hub.contracts.campaign import Response, ResponsesRecorded
from hub.contracts.client import Client, ClientOpened
from hub.contracts.interaction import (
    Direction,
    Interaction,
    InteractionLinked,
    InteractionReceived,
    Participant,
    Role,
)
from hub.contracts.lead import ClickId, Evidence, TouchRecorded, VisitorKnown
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput
from hub.kit.ids import derive
from services.campaigns.consent.service import Consents
from services.campaigns.sources.models import NewLead, NewTouch
from services.campaigns.sources.reading import Origin, origin_of
from services.campaigns.sources.service import Sources

SOURCE = "omnihub/campaigns"
_WORD = re.compile(r"[\w-]{3,40}")
_WORDS = 200
"""Of a message in which codes are looked for."""
NOWHERE = frozenset(("direct", "internal"))
"""Says nothing of where somebody comes from: no touch."""
Told = list[Event]


class Before(Protocol):
    """What was met before."""

    async def last_source_of(self, whose: str) -> str | None:
        """The source that a visitor met last. Raises StoreUnavailable."""
        ...

    async def sees(self, client: str, actor: Actor) -> bool:
        """Whether somebody sees a client. Raises StoreUnavailable."""
        ...


class Touches:
    """One way in for all of them."""

    def __init__(
        self,
        sources: Sources,
        consents: Consents,
        before: Before,
        bus: Bus,
        clock: Clock,
        *,
        ours: Sequence[str] = (),
    ) -> None:
        """`ours` are hosts of our own sites."""
        self._before = before
        self._sources = sources
        self._consents = consents
        self._bus = bus
        self._clock = clock
        self._ours = tuple(ours)

    async def _tell(self, told: Sequence[Event]) -> None:
        now = self._clock.now()
        await self._bus.publish([Envelope(event=one, source=SOURCE, time=now) for one in told])

    # --- pages ---

    async def visited(self, visitor: str, hit: str, url: str, referrer: str) -> TouchRecorded | None:
        """A page was opened; nothing where that says nothing. Raises BusUnavailable."""
        found = await self._page(f"visitor:{visitor}", ("page", visitor, hit), url, referrer, "page")
        await self._tell([found] if found else [])
        return found

    async def _page(
        self, whose: str, names: Sequence[str], url: str, referrer: str, kind: str, *, lead: bool = False
    ) -> TouchRecorded | None:
        origin = origin_of(url, referrer, ours=self._ours)
        if origin.medium in NOWHERE:
            return None
        source = await self._sources.ensure(path_of(origin))
        evidence = Evidence(
            kind="page" if kind == "page" else "form",
            url=url[:500],
            referrer=referrer[:500],
            medium=origin.medium,
            term=origin.term,
            click_ids=tuple(ClickId(name=name, value=value) for name, value in origin.click_ids.items()),
        )
        return self._touch(whose, source, evidence, names, lead=lead)

    def _touch(
        self,
        whose: str,
        source: str,
        evidence: Evidence,
        names: Sequence[str],
        *,
        at: datetime | None = None,
        lead: bool = False,
    ) -> TouchRecorded:
        moment = at or self._clock.now()
        return TouchRecorded(
            id=derive("touch", *names), whose=whose, source=source, at=moment, evidence=evidence, lead=lead
        )

    # --- employees ---

    async def note(self, given: NewTouch, *, actor: Actor, key: str | None) -> TouchRecorded:
        """What somebody said, or is known otherwise. Raises InvalidInput."""
        whose = await self._whose(given.whose, actor)
        source = await self._given(given, actor)
        at = given.at or self._clock.now()
        evidence = Evidence(kind=given.kind, value=given.value, by=actor.login)
        told = self._touch(whose, source, evidence, (whose, source, given.kind, key or iso(at)), at=at)
        await self._tell([told])
        return told

    async def _whose(self, named: str, actor: Actor) -> str:
        """Raises InvalidInput: there is no such client for him."""
        if not named.startswith("cl_"):
            return self._consents.normalised(named)
        if not await self._before.sees(named, actor):
            fix = f"there is no client {named}"
            raise InvalidInput(f"whose: {fix}", fields={"whose": fix})
        return named

    async def _given(self, given: NewTouch, actor: Actor) -> str:
        if given.source:
            return str((await self._sources.get(given.source, actor))["_id"])
        if given.path:
            return await self._sources.ensure(given.path.names, owner=actor.login)
        if shown := await self._sources.shown_by(given.kind, given.value):
            return shown
        fix = f"give source or path: nothing shows the source of {given.kind} {given.value!r}"
        raise InvalidInput(f"source: {fix}", fields={"source": fix})

    # --- leads ---

    async def lead(self, given: NewLead, *, by: str, source: str = "") -> InteractionReceived:
        """Somebody asks: a contact, his touch, his consent, and whose the visitor was. Told once for one
        `external_id`, else for the same words of a day. `source` is that of a form that anybody may send, where
        nothing is surer. Raises InvalidInput, NotFound, BusUnavailable and StoreUnavailable.
        """
        now = self._clock.now()
        addresses = self._addresses(given)
        said = given.external_id or "\n".join((*addresses, given.name, given.text, iso(now)[:10]))
        names = (given.form, said)
        received = _received(given, addresses, names, now)
        touch = await self._lead_touch(given, addresses[0], names, by, source)
        told: Told = [received, touch]
        if given.visitor:
            told.append(VisitorKnown(visitor=f"visitor:{given.visitor}", address=addresses[0], at=now))
        told += await self._agreed(given, addresses, anybody=bool(source))
        await self._tell(told)
        return received

    def _addresses(self, given: NewLead) -> list[str]:
        texts = [text for text in (given.phone, given.email) if text.strip()]
        if not texts:
            raise InvalidInput("phone: give phone or email", fields={"phone": "give phone or email"})
        return [self._consents.normalised(text) for text in texts]

    async def _lead_touch(
        self, given: NewLead, whose: str, names: Sequence[str], by: str, source: str
    ) -> TouchRecorded:
        """What is surest first: the program's word, a code, the answer, the page, what the visitor came by; else the
        form itself.
        """
        for kind, value in (("promo", given.promo), ("answer", given.answer)):
            if (shown := await self._sources.shown_by(kind, value)) and not given.path:
                evidence = Evidence(kind="promo" if kind == "promo" else "answer", value=value)
                return self._touch(whose, shown, evidence, names, lead=True)
        if given.path is None:
            found = await self._page(whose, names, given.url, given.referrer, "form", lead=True)
            if found:
                return found
        path = given.path.names if given.path else ("form", given.form)
        came = (
            await self._before.last_source_of(f"visitor:{given.visitor}")
            if given.visitor and not given.path
            else None
        )
        evidence = Evidence(kind="lead", value=given.answer or given.promo, url=given.url[:500], by=by)
        known = came or source or await self._sources.ensure(path)
        return self._touch(whose, known, evidence, names, lead=True)

    async def _agreed(self, given: NewLead, addresses: Sequence[str], *, anybody: bool) -> list[ConsentRecorded]:
        """His yes counts for each address that he gave. `anybody` may have given another's: that takes no no back."""
        if given.consent is None:
            return []
        named, words = given.consent.topic, given.consent.words
        topic = await self._consents.topic(named)
        text = given.consent.text_version or topic["text_version"]
        open_ones = [one for one in addresses if not (anybody and await self._consents.said_no(one, named))]
        return [
            self._consents.said(one, "given", topic=named, source="form", words=words, text=text) for one in open_ones
        ]

    # --- what comes in ---

    async def hear_interactions(self, envelopes: Sequence[Envelope]) -> None:
        """Who called a line, started a bot by a link, named a code. Raises BusUnavailable and StoreUnavailable."""
        told = [
            await self._met(one.event.interaction) for one in envelopes if isinstance(one.event, InteractionLinked)
        ]
        await self._tell([one for one in told if one])

    async def hear_clients(self, envelopes: Sequence[Envelope]) -> None:
        """What whoever opened a client by hand said of where he comes from. Raises BusUnavailable."""
        opened = [one.event.client for one in envelopes if isinstance(one.event, ClientOpened)]
        await self._tell([await self._said(one, one.source.value) for one in opened if one.source])

    async def _said(self, client: Client, answer: str) -> TouchRecorded:
        source = await self._sources.shown_by("answer", answer) or await self._sources.ensure(("answer", answer))
        evidence = Evidence(kind="answer", value=answer)
        return self._touch(client.id, source, evidence, ("client", client.id), at=client.opened_at)

    async def _met(self, one: Interaction) -> TouchRecorded | None:
        if one.direction is not Direction.IN or one.bounce:
            return None
        found = await self._shown(one)
        if found is None:
            return None
        kind, value, source = found
        whose = next((p.address for p in one.participants if p.role is Role.FROM), "") or one.client_id
        evidence = Evidence.model_validate({"kind": kind, "value": value, "interaction": one.id})
        return self._touch(whose, source, evidence, ("in", one.id), at=one.at, lead=one.link.rule == "new_chain")

    async def _shown(self, one: Interaction) -> tuple[str, str, str] | None:
        """Kind and value of what shows a source, and the source."""
        if one.source and one.source.kind == "start_payload":
            shown = await self._sources.shown_by("start", one.source.value)
            named = shown or await self._sources.ensure(("messenger", "telegram", one.source.value))
            return "start", one.source.value, named
        for line in _dialled(one):
            if shown := await self._sources.shown_by("line", line):
                return "call", line, shown
        words = [
            word for word in _WORD.findall(one.text)[:_WORDS] if word.upper() == word or any(map(str.isdigit, word))
        ]
        found = await self._sources.shown_in("promo", list(dict.fromkeys(words))) if words else None
        return ("promo", *found) if found else None

    async def hear_responses(self, envelopes: Sequence[Envelope]) -> None:
        """Who answered a mailing, or followed a link in it."""
        for envelope in envelopes:
            if isinstance(event := envelope.event, ResponsesRecorded):
                met = [one for one in event.responses if one.kind in ("clicked", "replied") and one.client_id]
                if people := [one for one in met if not one.machine]:
                    await self._tell(await self._answered(event.mailing, people))

    async def _answered(self, mailing: str, people: Sequence[Response]) -> list[TouchRecorded]:
        source = await self._sources.shown_by("mailing", mailing) or await self._sources.ensure(("mailing", mailing))
        evidence = Evidence(kind="mailing", value=mailing)
        return [self._touch(str(one.client_id), source, evidence, ("mailing", one.id), at=one.at) for one in people]


def _dialled(one: Interaction) -> list[str]:
    if one.call is None:
        return [one.source.value] if one.source and one.source.kind == "line" else []
    return [one.call.line.number, one.call.line.id] if one.call.line else [one.call.dialled]


def path_of(origin: Origin) -> list[str]:
    """Where an origin is in the directory."""
    return [origin.medium, *(name for name in (origin.source, origin.campaign, origin.creative) if name)]


def _received(given: NewLead, addresses: Sequence[str], names: Sequence[str], now: datetime) -> InteractionReceived:
    made = derive("in", "form", *names)
    people = [Participant(role=Role.FROM, address=addresses[0], raw=addresses[0], name=given.name)]
    rest = "".join(f"\n{address.partition(':')[2]}" for address in addresses[1:])
    return InteractionReceived(
        id=made,
        channel="form",
        type="form",
        account=f"form_{given.form}",
        at=now,
        received_at=now,
        participants=tuple(people),
        subject="",
        text=f"{given.text or given.name}{rest}".strip(),
        keys=(f"form:{made}",),
    )
