"""Queues: the chains that somebody works with, listed and counted by the same conditions."""

from collections.abc import Iterable
from typing import Any, Literal

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING, OPEN, of_team, owned_by
from hub.store.base import Document, In, Page
from hub.store.told import Told
from services.interactions.merged import merged

View = Literal["mine", "unassigned", "team", "all", "mentions", "snoozed"]
VIEWS: tuple[View, ...] = ("mine", "unassigned", "team", "all", "mentions", "snoozed")
MOST = 10_000
"""A queue is counted up to so many."""


class Queues:
    """What somebody sees of the open chains: his own, those that nobody has taken, his teams', all,
    those in which he was named, put aside."""

    def __init__(self, chains: Told) -> None:
        self._chains = chains

    async def page(self, actor: Actor, view: View, *, limit: int, after: str | None) -> Page:
        """The newest first."""
        state, field, tokens = _of(actor, view)
        if tokens is None:
            where: dict[str, Any] = {"state": state, **({"owner": None} if field == "queue" else {})}
            return await self._chains.find(where, order="last_at", descending=True, limit=limit, after=after)
        wheres = [{"state": state, field: token} for token in tokens]
        return await merged(self._chains, wheres, order="last_at", descending=True, limit=limit, after=after)

    def has(self, actor: Actor, view: View, chain: Document) -> bool:
        """Whether the list has this chain, where he sees it."""
        state, field, tokens = _of(actor, view)
        if chain["state"] != state or chain.get("into"):
            return False
        if tokens is None:
            return field != "queue" or chain.get("owner") is None
        return not set(tokens).isdisjoint(chain.get(field) or [OPEN])

    async def count(self, actor: Actor, view: View) -> int:
        """How many the list has, up to `MOST`."""
        state, field, tokens = _of(actor, view)
        where: dict[str, Any] = {"state": state}
        if tokens is None:
            where |= {"owner": None} if field == "queue" else {}
        elif not tokens:
            return 0
        else:
            where[field] = In(tokens)
        count = await self._chains.count(where, at_most=MOST)
        return count - await self._hidden(actor, where) if count else 0

    async def _hidden(self, actor: Actor, where: dict[str, Any]) -> int:
        """Of these those that others are not told of at all: neither is he, unless they are his or his teams'."""
        secret = await self._chains.count({"secret": True, **where}, at_most=MOST)
        if not secret:
            return 0
        own = {"secret": True, "seen_by": In(_own(actor)), **{k: v for k, v in where.items() if k != "seen_by"}}
        if isinstance(reached := where.get("seen_by"), In):
            own["seen_by"] = In([token for token in _own(actor) if token in reached.values])
        return secret - (await self._chains.count(own, at_most=MOST) if own["seen_by"].values else 0)


def _of(actor: Actor, view: View) -> tuple[str, str, list[str] | None]:
    """The stored state, the list that is asked, and the tokens of it; none: all there are."""
    state = "snoozed" if view == "snoozed" else "open"
    match view:
        case "mine":
            return state, "queue", [owned_by(actor.login)] if actor.reach else []
        case "mentions":
            return state, "named", [actor.login] if actor.reach else []
        case "team":
            return state, "seen_by", _within(actor, [of_team(team) for team in actor.teams])
        case "unassigned":
            teams = [token for token in actor.reach if token.startswith(OPEN)]
            return state, "queue", None if EVERYTHING in actor.reach else teams
        case _:
            return state, "seen_by", None if EVERYTHING in actor.reach else list(actor.reach)


def _within(actor: Actor, tokens: Iterable[str]) -> list[str]:
    """Those that he reaches."""
    return [token for token in tokens if EVERYTHING in actor.reach or token in actor.reach]


def _own(actor: Actor) -> list[str]:
    return [owned_by(actor.login), *map(of_team, actor.teams)]
