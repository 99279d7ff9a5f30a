"""What follows from an outcome in the client's chain: what he answered as a note, a task, a deal.

It is owed by the attempt's own document and done with the attempt's id as its key, so a crash leaves nothing undone
and does nothing twice.
"""

from collections.abc import Awaitable, Iterator
from typing import Protocol

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.lead import Evidence, TouchRecorded
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import HubError, TransientError
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.store.amend import amend
from hub.store.base import Document
from services.campaigns.calllists.repository import CallRepository

_SOURCE = "omnihub/campaigns"
_SHOWN = 200
"""Characters of a question and of an answer in a note."""
log = Log(__name__)


class Chains(Protocol):
    """Where what follows is kept. Each raises TransientError, and another HubError for what is refused."""

    async def note(self, interaction: str, text: str, *, actor: Actor, key: str) -> None:
        """In the chain of the interaction."""
        ...

    async def task(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None: ...

    async def deal(self, interaction: str, given: Document, *, actor: Actor, key: str) -> None: ...


class Following:
    """Of all attempts."""

    def __init__(self, repository: CallRepository, chains: Chains, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._chains = chains
        self._bus = bus
        self._clock = clock

    async def look(self) -> None:
        """Does what is owed; what is refused is noted with the attempt, and holds up nothing else."""
        for attempt in await self._repository.owing():
            refused = [words for step in self._steps(attempt) if (words := await self._tried(attempt, step))]
            await self._done(attempt, "; ".join(refused)[:500])

    async def _tried(self, attempt: Document, step: Awaitable[None]) -> str:
        """Why it was refused; empty: it is done. Raises TransientError."""
        try:
            await step
        except TransientError:
            raise
        except HubError as exc:
            log.warning("attempt.unfollowed", attempt=attempt["_id"], error=type(exc).__name__)
            return str(exc)
        return ""

    def _steps(self, attempt: Document) -> Iterator[Awaitable[None]]:
        """Each of its own: a note that is refused leaves nobody without his task."""
        interaction, key = attempt["interaction"], attempt["_id"]
        if attempt.get("source"):
            yield self._met(attempt)
        if interaction is None:
            return
        actor = Actor(login=attempt["by"], reach=(EVERYTHING,), reads=(EVERYTHING,))
        if text := note_of(attempt):
            yield self._chains.note(interaction, text, actor=actor, key=f"{key}-note")
        if task := attempt["follows"].get("task"):
            yield self._chains.task(interaction, task, actor=actor, key=f"{key}-task")
        if deal := attempt["follows"].get("deal"):
            yield self._chains.deal(interaction, deal, actor=actor, key=f"{key}-deal")

    async def _met(self, attempt: Document) -> None:
        """A touch, before the deal that may follow: it has a part in it. Raises BusUnavailable."""
        touch = TouchRecorded(
            id=derive("touch", attempt["_id"]),
            whose=attempt["client"] or attempt["number"],
            source=attempt["source"],
            at=from_iso(attempt["at"]),
            evidence=Evidence(
                kind="call", value=attempt["list"], interaction=attempt["interaction"], by=attempt["by"]
            ),
        )
        await self._bus.publish([Envelope(event=touch, source=_SOURCE, time=self._clock.now())])

    async def _done(self, attempt: Document, error: str) -> None:
        def settled(now: Document) -> Document:
            rest = {name: value for name, value in now.items() if name != "owes"}
            return {**rest, "unfollowed": error} if error else rest

        await amend(self._repository.attempts, attempt["_id"], settled)


def note_of(attempt: Document) -> str:
    """What he answered, and what the operator wrote, as colleagues read it; empty: neither."""
    answers = [f"{question[:_SHOWN]} — {answer[:_SHOWN]}" for question, answer in attempt["answers"].items()]
    return "\n".join([*answers, attempt["comment"]]).strip()
