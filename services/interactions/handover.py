"""Whose a chain or a client is: handed to an employee, to a team, kept private."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from hub.api.actor import Actor
from hub.api.forms import Form
from hub.api.names import Colleague, TeamId
from hub.contracts.client import Awaits, ChainState
from hub.contracts.scope import EVERYTHING, OPEN, SHOWN, of_team, owned_by, reaches, seen_by
from hub.kit.clock import Clock, SystemClock
from hub.kit.errors import Conflict, Forbidden, NotFound
from hub.store.base import Document
from hub.store.history import noted
from hub.store.told import Owing
from services.interactions.chains.change import NOTED, stated, taken_back, with_closed_head
from services.interactions.chains.state import queued
from services.interactions.models import UNCOUNTED
from services.interactions.moments import Sensible
from services.interactions.offers.models import assigned
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import level_of
from services.interactions.tokens import Tokens

READERS = 100
"""Employees who were named in a chain and see it for that; of more the newest."""
WITHHELD = "you do not see what this says, so you do not hand it over; ask its owner, or who sees everybody's"

PRIVATE = "it is private: its owner hands it over, or who sees everybody's; ask him, or have it offered to you"


Tag = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]


class ChainChange(Form):
    """What is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"owner": "anna"}, {"state": "closed"}, {"add_tags": ["кухня"]}]}
    )
    owner: Colleague | None = Field(default=None, description="Who does the next step; empty: nobody yet")
    team: TeamId | None = Field(default=None, description="Whose the next step is; empty: no team's")
    private: bool | None = Field(default=None, description="Its owner alone sees what it says")
    subject: str | None = Field(default=None, min_length=1, max_length=1_000)
    state: ChainState | None = Field(default=None, description="closed: done; it opens again when the client goes on")
    snooze_until: Sensible | Literal[""] | None = Field(
        default=None, description="Put aside until then, or until the client writes; empty: back at once"
    )
    awaits: Awaits | None = Field(default=None, description="nobody: looked at, and nothing is to be said")
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=50, description="All of them, in this order")
    add_tags: tuple[Tag, ...] | None = Field(default=None, max_length=50)
    remove_tags: tuple[Tag, ...] | None = Field(default=None, max_length=50)

    @model_validator(mode="after")
    def _something(self) -> "ChainChange":
        if not self.model_dump(exclude_none=True, exclude={"ids"}):
            raise ValueError(f"nothing to change; give one of {', '.join(ChainChange.model_fields)}")
        return self


class Handover:
    """Changes whose something is, and by whom it is seen with it."""

    def __init__(self, repository: Repository, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._repository = repository
        self._tokens = Tokens(repository)

    async def chain(self, chain_id: str, change: ChainChange, *, actor: Actor) -> Document:
        """The chain as it is then; whoever makes one private that is nobody's owns it.

        Raises:
            NotFound: there is none.
            Conflict: it is another's to make private, it was merged into another, or it is closed and was to be
                snoozed.
            InvalidInput: it has too many tags, or a moment that has passed.
            Forbidden: he does not see what it says, nor is he over its owner.
        """

        def changed(now: Document) -> Owing:
            self.check(now, change, actor)
            given = change.model_dump(exclude_none=True)
            wanted = _belongs(now, given)
            if change.private is not None:
                wanted = _belongs(wanted, {"owner": wanted["owner"] or actor.login}) if change.private else wanted
                wanted = {**wanted, "private": change.private}
            moment = self._clock.now()
            after = queued(stated(wanted, given, by=actor.login, now=moment))
            told = assigned(now, after, "owner", by=actor.login, at=moment)
            return Owing(noted(now, after, NOTED, by=actor.login, at=moment), told)

        return await self.amend(chain_id, changed)

    async def take(self, chain_id: str, *, actor: Actor) -> Document:
        """The chain, his: of two who take it at once one has it.

        Raises:
            NotFound: there is none.
            Conflict: somebody has it.
            Forbidden: as `chain`.
        """
        change = ChainChange(owner=actor.login)

        def taken(now: Document) -> Document:
            if now.get("owner") not in (None, actor.login):
                raise Conflict(
                    f"{now['owner']} has taken it; ask for it to be handed over, or see it as a supervisor"
                )
            self.check(now, change, actor)
            after = queued(_belongs(now, {"owner": actor.login}))
            return noted(now, after, NOTED, by=actor.login, at=self._clock.now())

        return await self.amend(chain_id, taken)

    async def show(self, chain_id: str, logins: Iterable[str], *, by: str, named: bool = True) -> Document:
        """To these employees, too, from now on, whoever owns it; `named`: a note names them. Raises NotFound."""
        named_now = [*logins]

        def shown(now: Document) -> Document:
            after = _read_by(now, named_now)
            if named:
                after = {**after, "named": _newest(now.get("named"), named_now)}
            return queued(noted(now, after, ("readers",), by=by, at=self._clock.now()))

        return await self.amend(chain_id, shown)

    @staticmethod
    def belonging(chain: Document, given: Mapping[str, Any]) -> Document:
        """With another owner or team, seen by whom it concerns then."""
        return queued(_belongs(chain, given))

    @staticmethod
    def check(chain: Document, change: ChainChange, actor: Actor) -> None:
        """Raises as `chain`."""
        if change.private is not None and chain.get("owner") not in (None, actor.login):
            raise Conflict("its owner alone says whether it is private; hand it over first")
        if _takes(change):
            check_private(chain, actor)
        # Or whoever sees that it is there would own it, and with it all that it says.
        if level_of(actor, chain) != SHOWN[0] and not _is_over(actor, chain):
            raise Forbidden(WITHHELD)

    async def back(self, chain_id: str, given: Mapping[str, Any], before: Mapping[str, Any], *, by: str) -> Document:
        """The chain as it was before `by` changed it so; where it is another's since, it stays. Raises NotFound."""
        whose = {name: given[name] for name in ("owner", "team", "private") if name in given}
        left = _left(whose, before, by) if whose else {}

        def changed(now: Document) -> Document:
            if any((now.get(name) or None) != (value or None) for name, value in left.items()):
                return now
            belongs: dict[str, Any] = {name: before[name] for name in ("owner", "team") if name in left}
            after = {**_belongs(now, belongs), "private": bool(before["private"])} if left else now
            after = queued(taken_back(after, dict(given), dict(before)))
            return noted(now, after, NOTED, by=by, at=self._clock.now())

        return await self.amend(chain_id, changed)

    async def amend(self, chain_id: str, change: Callable[[Document], Document | Owing]) -> Document:
        """The chain as it is then, told, and known to its client. Raises NotFound."""
        after = await self._repository.chains.amend(chain_id, change)
        if after is None:
            raise NotFound(f"there is no chain {chain_id}")
        await self._repository.chains.tell(after)
        await self._tokens.settle([after])
        await self._list(after)
        return after

    async def _list(self, chain: Document) -> None:
        """His client lists whether it is closed. What a crash leaves out counts as open; an answer opens it."""
        found = await roots(self._repository.clients, [chain["client_id"]])
        for client_id in {chain["client_id"], *(root["_id"] for root in found.values())}:
            await self._repository.clients.amend(client_id, partial(with_closed_head, chain=chain))

    async def client(self, client_id: str, given: Mapping[str, Any]) -> Document:
        """The client as he is then, with the owner and team that are given. Raises NotFound."""
        named = {name: value or None for name, value in given.items() if name in ("owner", "team")}
        if await self._repository.clients.amend(client_id, lambda now: {**now, **named, UNCOUNTED: True}) is None:
            raise NotFound(f"there is no client {client_id}")
        return await self._tokens.recount(client_id)


def check_private(chain: Mapping[str, Any], actor: Actor) -> None:
    """Who was named in a private chain reads it, and does not hand it over for that. Raises Forbidden."""
    if chain.get("private") and chain.get("owner") not in (None, actor.login) and not _is_over(actor, chain):
        raise Forbidden(PRIVATE)


def _takes(change: ChainChange) -> bool:
    return change.owner is not None or change.team is not None


def _is_over(actor: Actor, chain: Mapping[str, Any]) -> bool:
    """Over whoever owns it; what nobody owns is for the teams that have to do with it."""
    if owner := chain.get("owner"):
        return reaches(actor.reach, [owned_by(owner)])
    tokens = chain.get("seen_by") or [OPEN]
    return EVERYTHING in actor.reach or any(of_team(team) in tokens for team in actor.teams)


def _read_by(now: Document, logins: Sequence[str]) -> Document:
    """Seen by these, too; beyond those that are kept whoever was named first sees it no more for that."""
    readers = _newest(now.get("readers"), logins)
    gone = {owned_by(login) for login in now.get("readers") or [] if login not in readers}
    offered = (now.get("offered") or {}).get("to")
    kept = {owned_by(login) for login in (now.get("owner"), offered) if login}
    kept |= {token for each in (now.get("absorbed") or {}).values() for token in each["seen_by"]}
    tokens = {*(now.get("seen_by") or [OPEN])} - (gone - kept) | {*map(owned_by, readers)}
    return {**now, "readers": readers, "seen_by": sorted(tokens), UNCOUNTED: True}


def _newest(before: Sequence[str] | None, logins: Sequence[str]) -> list[str]:
    """Each once, whoever was named last at the end."""
    both = [*(before or []), *logins]
    return [*reversed([*dict.fromkeys(reversed(both))][:READERS])]


def _left(given: Mapping[str, Any], before: Mapping[str, Any], by: str) -> dict[str, Any]:
    """Whose the changes made it, and that it is private or not, whatever of it they named."""
    owner = given.get("owner", before["owner"]) or (by if given.get("private") else None)
    return {**given, "owner": owner, "private": given.get("private", before["private"])}


def _belongs(now: Document, given: Mapping[str, Any]) -> Document:
    """With another owner or team. Whom it was taken from does not see it any more; a new team has it alone."""
    owner = (given["owner"] or None) if "owner" in given else now.get("owner")
    team = (given["team"] or None) if "team" in given else now.get("team")
    offered = now.get("offered") if owner == now.get("owner") else None
    reading = [*(now.get("readers") or []), *([offered["to"]] if offered else [])]
    readers = [owned_by(login) for login in reading]
    if team != now.get("team"):
        tokens = sorted({*seen_by(owner, [team]), *readers})
    else:
        before = [token for token in now.get("seen_by") or seen_by(None, [team]) if not token.startswith("owner:")]
        tokens = sorted({*before, *readers, *([owned_by(owner)] if owner else [])})
    counts = {} if tokens == now.get("seen_by") else {UNCOUNTED: True}
    more = {"offered": offered} if now.get("offered") else {}
    return {**now, "owner": owner, "team": team, "seen_by": tokens, **more, **counts}
