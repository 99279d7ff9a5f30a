"""Policies of sources by channel, and new clients without one: after a while somebody has a task to ask."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from hub.api.actor import Actor
from hub.contracts.base import Envelope
from hub.contracts.client import Client, ClientOpened
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.kit.loop import each
from hub.store.base import Document
from services.campaigns.policies.models import CARD, PolicyForm
from services.campaigns.policies.repository import PolicyRepository
from services.campaigns.segments.projection import Row

GRACE = timedelta(minutes=2)
"""For what shows a source: a code in his words, the line that he dialled, a form."""
PATIENCE = timedelta(hours=1)
KEPT = timedelta(days=90)
"""So long it is kept what came of asking about a client."""
_TITLE = "Узнать, откуда о нас знают · Ask how they heard of us"
_BY_HAND = "by_hand"
log = Log(__name__)


class Met(Protocol):
    async def touches_of(self, client: str) -> list[Row]:
        """All touches of a client, whoever he was then. Raises StoreUnavailable."""
        ...


class Chains(Protocol):
    """The interactions service. Each raises TransientError, and Conflict for what is refused."""

    async def channel_of(self, interaction: str, *, actor: Actor) -> str: ...

    async def add_task(self, given: Document, *, actor: Actor, key: str) -> None: ...


class Policies:
    """All of them."""

    def __init__(self, repository: PolicyRepository, met: Met, chains: Chains, clock: Clock) -> None:
        self._repository = repository
        self._met = met
        self._chains = chains
        self._clock = clock

    async def all(self) -> list[Document]:
        return list((await self._repository.policies()).values())

    async def put(self, channel: str, given: PolicyForm, *, actor: Actor) -> Document:
        """In place of what was said of the channel before."""
        fields = {**given.model_dump(mode="json"), "by": actor.login, "at": iso(self._clock.now())}
        return await self._repository.put({"_id": channel, **fields})

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """New clients are looked at after a while, where a channel has a rule. May be told twice."""
        opened = [one.event.client for one in envelopes if isinstance(one.event, ClientOpened)]
        if opened and any(one["rule"] != "optional" for one in await self.all()):
            asks = [ask for client in opened if (ask := self._ask(client))]
            await self._repository.add_asks(asks)

    def _ask(self, client: Client) -> Document | None:
        """None of those whom an import took over, and of those whose source was said."""
        card = client.opened_by == _BY_HAND
        if client.source is not None or not (card or client.opened_by.startswith("in_")):
            return None
        at = self._clock.now()
        interaction = None if card else client.opened_by
        return {"_id": client.id, "interaction": interaction, "at": iso(at), "due": iso(at + GRACE), "outcome": ""}

    async def look(self) -> None:
        """Asks about those whose time has come. Raises TransientError."""
        await each(await self._repository.due(self._clock.now()), self._look_at)

    async def forget(self) -> int:
        """How many that are over were removed. Raises StoreUnavailable."""
        return await self._repository.forget(self._clock.now() - KEPT)

    async def _look_at(self, ask: Document) -> None:
        """Raises TransientError."""
        try:
            outcome = await self._asked(ask)
        except TransientError:
            raise
        except HubError as exc:
            if self._clock.now() - from_iso(ask["at"]) <= PATIENCE:
                await self._later(ask)
                return
            log.warning("source.unasked", client=ask["_id"], error=type(exc).__name__)
            outcome = str(exc)[:500]
        await self._over(ask, outcome)

    async def _asked(self, ask: Document) -> str:
        """What came of it. Raises HubError."""
        actor = Actor(login="service:campaigns", reach=(EVERYTHING,), reads=(EVERYTHING,))
        channel = await self._chains.channel_of(ask["interaction"], actor=actor) if ask["interaction"] else CARD
        policy = (await self._repository.policies()).get(channel)
        if policy is None or policy["rule"] == "optional":
            return "nothing is asked"
        if await self._met.touches_of(ask["_id"]):
            return "it is known"
        about = {"interaction_id": ask["interaction"]} if ask["interaction"] else {"client_id": ask["_id"]}
        given = {
            **about,
            "title": _TITLE,
            "assignee": policy["assignee"] or None,
            "team": policy["task_team"] or None,
            "priority": "high" if policy["rule"] == "required" else "normal",
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        author = Actor(login=policy["by"], reach=(EVERYTHING,), reads=(EVERYTHING,))
        await self._chains.add_task(wanted, actor=author, key=f"{ask['_id']}-source")
        return "a task"

    async def _later(self, ask: Document) -> None:
        due = iso(self._clock.now() + GRACE)
        await self._repository.amend_ask(ask["_id"], lambda now: {**now, "due": due})

    async def _over(self, ask: Document, outcome: str) -> None:
        def over(now: Document) -> Document:
            return {**{name: value for name, value in now.items() if name != "due"}, "outcome": outcome}

        await self._repository.amend_ask(ask["_id"], over)
