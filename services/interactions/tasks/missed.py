"""A missed call is somebody's work: one task for each caller, which closes itself when he was reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from hub.contracts.base import Envelope
from hub.contracts.call import UNREACHED, CallState
from hub.contracts.interaction import (
    DeliveryState,
    Direction,
    Interaction,
    InteractionChanged,
    InteractionLinked,
    InteractionPlanned,
)
from hub.contracts.notice import NoticeGiven
from hub.kit.clock import Clock, iso
from hub.kit.ids import derive
from hub.store.base import Document
from services.interactions.models import interaction_from
from services.interactions.offers.models import notice
from services.interactions.repository import Repository
from services.interactions.roots import members, roots
from services.interactions.tasks.models import blank, settled, with_cause
from services.interactions.tasks.service import Tasks

RULE = "missed_call"
_LEFT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_LOOKED = 50
"""The newest interactions of a client: whether he was reached since is among them."""
_TITLES = {"ru": "Перезвонить: {}", "en": "Call back: {}"}
_HIDDEN = {"ru": "номер скрыт", "en": "hidden number"}


@dataclass(frozen=True, slots=True)
class CallBack:
    """What the rule makes of a missed call."""

    language: str = "ru"
    """Of the titles: `ru` or `en`."""
    within: timedelta = timedelta(hours=2)
    """After the call ended."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A client was spoken with, or written to."""

    at: datetime
    channel: str
    interaction_id: str


class MissedCalls:
    """Listens to what is told of interactions; everything may be told twice and in any order."""

    def __init__(self, repository: Repository, tasks: Tasks, clock: Clock, call_back: CallBack | None = None) -> None:
        self._repository = repository
        self._tasks = tasks
        self._clock = clock
        self._call_back = call_back or CallBack()

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Opens what is missing, adds to what is there, closes what is done."""
        for envelope in envelopes:
            event = envelope.event
            if isinstance(event, InteractionLinked | InteractionChanged | InteractionPlanned):
                await self._take(event.interaction)

    async def _take(self, interaction: Interaction) -> None:
        call = interaction.call
        if call and is_missed(interaction, call):
            await self._missed(interaction, call)
        elif found := reached_by(interaction):
            await self._reached(interaction.client_id, found)

    async def _missed(self, interaction: Interaction, call: CallState) -> None:
        since = call.ended_at or interaction.at
        keys, client = await self._of(interaction, call)
        newest = [task for key in keys if (task := await self._tasks.repository.newest(key))]
        open_now = next((task for task in newest if task["state"] == "open"), None)
        if open_now:
            await self._tasks.amend(open_now["_id"], partial(_missed_again, interaction.id, iso(since), call))
            return
        if any(task["since"] >= iso(since) for task in newest) or await self._was_reached(client, since, call):
            return
        last = max(newest, key=lambda task: str(task["opened_at"]), default=None)
        task = self._task(interaction, call, since, client)
        task |= {"_id": derive("tk", RULE, keys[0], last["_id"] if last else ""), "key": keys[0]}
        stored = await self._tasks.add(settled(task), also=_told(task, since))
        if interaction.id not in stored["causes"]:
            # Another copy opened it at this moment, for another call.
            await self._tasks.amend(stored["_id"], partial(_missed_again, interaction.id, iso(since), call))

    async def _of(self, interaction: Interaction, call: CallState) -> tuple[list[str], Document]:
        """What the task is known by, and whose call it was; of hidden numbers a line has one task."""
        found = await roots(self._repository.clients, [interaction.client_id])
        client = found.get(interaction.client_id) or {"_id": interaction.client_id}
        if not any(not one.ours and one.address for one in interaction.participants):
            return [f"{RULE}:line:{call.line.id if call.line else ''}"], client
        return await self._keys(client["_id"]), client

    async def _keys(self, client_id: str) -> list[str]:
        """Of the client, and of those that were merged into him: their tasks are his."""
        return [f"{RULE}:{each}" for each in (client_id, *await members(self._repository.clients, [client_id]))]

    async def _was_reached(self, client: Document, since: datetime, call: CallState) -> bool:
        """Before we heard that the call was missed."""
        newest = await self._repository.newest_of_client(client["_id"], limit=_LOOKED)
        found = [reached for each in newest if (reached := reached_by(interaction_from(each)))]
        return any(each.at >= since and each.channel in _reach_by(call) for each in found)

    def _task(self, interaction: Interaction, call: CallState, since: datetime, client: Document) -> Document:
        language = self._call_back.language
        shown = call.caller if call.caller not in ("", "hidden", "unknown") else _HIDDEN[language]
        task = with_cause(blank(self._clock.now()), interaction.id)
        asked = asked_back(call)
        return {
            **task,
            "title": _TITLES[language].format(shown),
            "priority": "high",
            "rule": RULE,
            "assignee": None if asked else client.get("owner"),
            "team": call.line.owing_team if call.line else None,
            "client_id": interaction.client_id,
            "chain_id": interaction.chain_id,
            "due": iso(since if asked else since + self._call_back.within),
            "since": iso(since),
            "reach_by": _reach_by(call),
        }

    async def _reached(self, client_id: str, reached: Reached) -> None:
        found = await roots(self._repository.clients, [client_id])
        root = found[client_id]["_id"] if client_id in found else client_id
        for key in await self._keys(root):
            task = await self._tasks.repository.newest(key)
            if task and task["state"] == "open":
                await self._tasks.amend(task["_id"], partial(self._closed, reached))

    def _closed(self, reached: Reached, task: Document) -> Document:
        if task["since"] > iso(reached.at) or reached.channel not in task["reach_by"]:
            return task
        reason = f"reached by {reached.channel} at {reached.at:%Y-%m-%d %H:%M} UTC"
        return self._tasks.closed(task, reason, rule=RULE, result_id=reached.interaction_id)


def _told(task: Document, since: datetime) -> list[NoticeGiven]:
    """To whom it is, where it is one employee's."""
    to = [task["assignee"]] if task["assignee"] else []
    return [notice(task, to, by="", words=task["title"], at=since, kind="missed_call")] if to else []


def is_missed(interaction: Interaction, call: CallState) -> bool:
    """Whether somebody should call back."""
    return interaction.direction is Direction.IN and call.complete and not call.part_of and call.result in UNREACHED


def asked_back(call: CallState) -> bool:
    """Whether he left a queue to be called back: he has his place in it, so whoever is free for it calls, now."""
    return call.queue is not None and call.queue.left == "call_back"


def reached_by(interaction: Interaction) -> Reached | None:
    """How the client was reached: by a call that somebody answered, or by a message that left; none: he was not."""
    call = interaction.call
    if call:
        answered = call.answered_at if call.result == "answered" else None
        return Reached(answered, "call", interaction.id) if answered else None
    left = interaction.delivery is not None and interaction.delivery.state in _LEFT and interaction.author
    out = interaction.direction is Direction.OUT and left
    return Reached(interaction.at, interaction.channel, interaction.id) if out else None


def _reach_by(call: CallState) -> list[str]:
    return list(call.line.reach_by) if call.line else ["call"]


def _missed_again(interaction_id: str, since: str, call: CallState, task: Document) -> Document:
    if task["state"] != "open" or interaction_id in task["causes"]:
        return task
    reach_by = [*dict.fromkeys([*task["reach_by"], *_reach_by(call)])]
    due = {"due": min(task.get("due") or since, since)} if asked_back(call) else {}
    again = {**task, **due, "since": max(since, task["since"]), "reach_by": reach_by}
    return with_cause(settled(again), interaction_id)
