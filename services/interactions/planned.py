"""Messages that wait for their time: changed or taken back until they leave, and released when they are due."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ConfigDict, Field

from hub.api.forms import Form, LocalMoment, Moment
from hub.bus.base import Bus
from hub.contracts.interaction import DeliveryState, SendMessage
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from hub.kit.html_text import to_text
from hub.kit.reasons import reason_of
from hub.store.base import Document
from hub.store.due import Due, Fire, First, with_timer, without_timer
from hub.store.told import Owing
from services.interactions.models import WAITING
from services.interactions.moments import leaving
from services.interactions.outgoing import RELEASE, Outgoing
from services.interactions.repository import Repository
from services.interactions.writing import MAX_TEXT

APPROVED = "a second person approved these words; take it back, write others, and ask anew (its time may be changed)"


class Rewrite(Form):
    """What shall be different about a message that waits for its time; what is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"send_at": "2026-03-02T10:00:00+03:00"}, {"text": "Dear Anna, …"}]}
    )
    text: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    html: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    subject: str | None = Field(default=None, max_length=1000)
    send_at: Moment | None = None
    send_at_local: LocalMoment | None = None
    time_zone: str | None = Field(default=None, max_length=100)

    @property
    def undo_seconds(self) -> int | None:
        """It has a time already."""
        return None


class Planned:
    """Whoever swaps the document first decides what becomes of it: the release, a change or the withdrawal."""

    def __init__(
        self,
        repository: Repository,
        bus: Bus,
        clock: Clock,
        *,
        outgoing: Outgoing | None = None,
        held: Callable[[], bool] = lambda: False,
        also: Mapping[str, Fire] | None = None,
        first: First | None = None,
    ) -> None:
        """Nothing is released while `held`; `also` are further timers of interactions, `first` what comes before one
        of them fires.
        """
        repository.on(bus, clock)
        self._interactions = repository.interactions
        self._clock = clock
        self._outgoing = outgoing or Outgoing(repository)
        self._first = first
        self.due = Due(
            self._interactions,
            {RELEASE: released, **(also or {})},
            clock,
            held=held,
            first=self._before,
            fails={RELEASE: unreleased},
        )

    async def _before(self, document: Document) -> None:
        await self._outgoing.move_on(document)
        if self._first:
            await self._first(document)

    async def rewrite(self, interaction_id: str, change: Rewrite) -> Document:
        """The message as it waits now.

        Raises:
            NotFound: there is none.
            Conflict: it waits no more.
            InvalidInput: the new time is wrong.
            Forbidden: a second person approved other words, or its account wants one: take it back, and ask anew.
            TooLarge: what it says now does not fit into an event.
        """
        await self._outgoing.check_html(change.html)
        waiting = await self._interactions.get(interaction_id)
        if waiting and not (change.text is None and change.html is None and change.subject is None):
            await self._outgoing.check_second(waiting["channel"], waiting["accounts"][0])
        return await self._change(interaction_id, lambda document: self._rewritten(document, change))

    async def cancel(self, interaction_id: str) -> Document:
        """Takes it back. Raises NotFound, and Conflict when it has left."""
        return await self._change(interaction_id, cancelled)

    async def release_due(self) -> int:
        """Sends what is due; how many this copy released."""
        return await self.due.look()

    async def waiting(self) -> dict[str, int]:
        """How many messages wait for their time, up to a million."""
        return {"planned": await self._interactions.count({"planned": True}, at_most=1_000_000)}

    async def _change(self, interaction_id: str, change: Callable[[Document], Document]) -> Document:
        def checked(document: Document) -> Document:
            if not document.get("planned"):
                raise Conflict(_past(document))
            return change(document)

        after = await self._interactions.amend(interaction_id, checked)
        if after is None:
            raise NotFound(f"there is nothing under {interaction_id}")
        await self._interactions.tell(after)
        return after

    def _rewritten(self, document: Document, change: Rewrite) -> Document:
        request = SendMessage.model_validate(document["command"])
        news = change.model_dump(exclude_none=True, include={"text", "html", "subject"})
        if news and document.get("approved"):
            raise Forbidden(APPROVED)
        if "html" in news and "text" not in news:
            news["text"] = to_text(news["html"])
        if "text" in news and "html" not in news:
            news["html"] = None  # it would say what the text said before
        leaves = leaving(change, now=self._clock.now(), undo=timedelta())
        when: dict[str, Any] = {"send_at": iso(leaves), "at": iso(leaves)} if leaves else {}
        if when and change.time_zone:
            when["time_zone"] = change.time_zone
        if not news and not when:
            raise InvalidInput("nothing to change; give text, html, subject, send_at or send_at_local")
        shown = {name: value for name, value in news.items() if name in ("text", "subject")}
        rewritten = request.model_copy(update=news).model_dump(mode="json")
        after = {**document, **shown, **when, "command": rewritten}
        return with_timer(after, RELEASE, leaves) if leaves else after


def released(document: Document, now: datetime) -> Owing:
    """The message on its way, and the request to send it."""
    delivery = {**document["delivery"], "state": DeliveryState.QUEUED.value}
    request = SendMessage.model_validate(document["command"])
    return Owing(_settled({**document, "delivery": delivery, "at": iso(now)}), (request,))


def unreleased(document: Document, error: Exception) -> Document:
    """The message that could not leave, with the reason."""
    reason = f"could not be released at its time: {reason_of(error)}"
    delivery = {**document["delivery"], "state": DeliveryState.FAILED.value, "reason": reason}
    return _settled({**document, "delivery": delivery})


def cancelled(document: Document) -> Document:
    """The message taken back."""
    delivery = {**document["delivery"], "state": DeliveryState.CANCELLED.value}
    return without_timer(_settled({**document, "delivery": delivery}), RELEASE)


def _settled(document: Document) -> Document:
    """It waits no more."""
    return {name: value for name, value in document.items() if name not in WAITING}


def _past(document: Document) -> str:
    state = (document.get("delivery") or {}).get("state")
    if state == DeliveryState.CANCELLED:
        return "it was taken back already"
    return "it does not wait any more: " + (f"its delivery is {state}" if state else "it came in")
