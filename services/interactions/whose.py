"""What employees keep for everybody, for a team, or for themselves alone."""

from typing import Any, Self

from pydantic import Field, model_validator

from hub.api.actor import Actor
from hub.api.forms import Form, Moment
from hub.api.names import TeamId
from hub.contracts.scope import EVERYTHING
from hub.contracts.shown import View
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, NotFound
from hub.kit.every import every
from hub.kit.ids import derive, fresh
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Store

_AT_ONCE = 500
MOST_OWN = 50
"""Of one employee's own: they take no room from what is everybody's, nor from his colleagues'."""


class WhoseForm(Form):
    team: TeamId = Field(default="", description="Whose it is; empty: everybody's")
    own: bool = Field(default=False, description="Yours alone")

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if self.own and self.team:
            raise ValueError("give own or team, not both")
        return self


class WhoseView(View):
    id: str
    team: str | None
    own: bool
    changed_at: Moment
    changed_by: str


class Keeping:
    """A collection of them, few enough to be read together. Whoever sees one may change it: what is everybody's,
    everybody keeps.
    """

    def __init__(
        self, store: Store, clock: Clock, spec: CollectionSpec, *, prefix: str, word: str, most: int
    ) -> None:
        self._kept = store.collection(spec)
        self._clock = clock
        self._prefix = prefix
        self._word = word
        self._most = most

    async def seen(self, actor: Actor) -> list[Document]:
        """By title."""
        found = [one for one in await self._all() if _sees(actor, one)]
        return sorted(found, key=lambda one: (one["title"].casefold(), one["_id"]))

    async def get(self, actor: Actor, kept_id: str) -> Document:
        """Raises NotFound."""
        found = await self._kept.get(kept_id)
        if found is None or not _sees(actor, found):
            raise self._none(kept_id)
        return found

    async def add(self, form: WhoseForm, *, actor: Actor, key: str | None) -> Document:
        """The same key of the same employee gives the same one. Raises Conflict: there are too many."""
        await self._check_room(actor.login if form.own else None)
        kept_id = derive(self._prefix, actor.login, key) if key else fresh(self._prefix)
        document = {"_id": kept_id, **self._said(form, actor)}
        return document if await self._kept.insert(document) else await self.get(actor, kept_id)

    async def change(self, kept_id: str, form: WhoseForm, *, actor: Actor) -> Document:
        """Raises NotFound; Conflict: there are too many of those it would be one of."""
        before = await self.get(actor, kept_id)
        if form.own != bool(before["owner"]):
            await self._check_room(actor.login if form.own else None)
        said = self._said(form, actor)
        if (changed := await amend(self._kept, kept_id, lambda now: {**now, **said})) is None:
            raise self._none(kept_id)
        return changed

    async def remove(self, kept_id: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        await self.get(actor, kept_id)
        await self._kept.delete_many([kept_id])

    async def _check_room(self, owner: str | None) -> None:
        """Raises Conflict."""
        most = MOST_OWN if owner else self._most
        if sum(one["owner"] == owner for one in await self._all()) >= most:
            raise Conflict(f"there are {most} of {self._word}; remove some that nobody needs")

    async def _all(self) -> list[Document]:
        return await every(lambda after: self._kept.find({}, limit=_AT_ONCE, after=after))

    def _none(self, kept_id: str) -> NotFound:
        return NotFound(f"{self._word}: there is no {kept_id}")

    def _said(self, form: WhoseForm, actor: Actor) -> Document:
        return {
            **form.model_dump(mode="json", exclude={"own", "team"}),
            "team": form.team or None,
            "owner": actor.login if form.own else None,
            "changed_at": iso(self._clock.now()),
            "changed_by": actor.login,
        }


def whose(document: Document) -> dict[str, Any]:
    """As it is shown."""
    kept = {name: value for name, value in document.items() if name not in ("_id", "_v", "owner")}
    return {"id": document["_id"], "own": bool(document["owner"]), **kept}


def _sees(actor: Actor, document: Document) -> bool:
    if document["owner"]:
        return bool(document["owner"] == actor.login)
    return not document["team"] or document["team"] in actor.teams or EVERYTHING in actor.reach
