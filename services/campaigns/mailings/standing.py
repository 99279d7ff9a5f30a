"""Mailings that stand: they run without an end, and rows join them one by one, as the steps of sequences do."""

from collections.abc import Mapping

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.store.base import Document
from hub.store.told import Change
from services.campaigns.belonging import belongs
from services.campaigns.mailings.contents import Contents
from services.campaigns.mailings.models import MailingForm
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import moved
from services.campaigns.mailings.service import Mailings

_FROM: Mapping[str, tuple[str, ...]] = {
    "paused": ("running",),
    "running": ("paused", "held"),
    "cancelled": ("running", "paused", "held"),
}


def woken(at: str) -> Change:
    """It is looked at from now on, where it runs; also one that was awake is another one then."""

    def change(mailing: Document) -> Document:
        return {**mailing, "active": True, "seen_at": at} if mailing["state"] == "running" else mailing

    return change


class Standing:
    """Begins and steers them. They are in no list of mailings: whatever they are of shows them."""

    def __init__(self, repository: MailingRepository, mailings: Mailings, clock: Clock) -> None:
        self._repository = repository
        self._mailings = mailings
        self._clock = clock

    async def fields(self, given: MailingForm, actor: Actor) -> Document:
        """As it is stored. Raises InvalidInput for what is not there."""
        return await self._mailings.fields(given, actor)

    async def begin(self, given: MailingForm, *, made: str, stale_after: float, actor: Actor) -> str:
        """Runs from now on, with nobody in it; its id. May be repeated. Raises as `check`."""
        at = iso(self._clock.now())
        checked, contents = await self._checked(given, made, actor)
        mailing = {
            **checked,
            "at": at,
            "changed_at": at,
            "removed": True,
            "standing": True,
            "reason": "",
            "stale_after": stale_after,
            "launched_at": at,
            "launched_by": actor.login,
            "reach": list(actor.reach),
            "state": "running",
            "active": True,
            "seen_at": at,
        }
        await contents.keep(self._repository)
        stored, _ = await self._repository.mailings.insert(mailing)
        await self._repository.mailings.tell(stored)
        return made

    async def check(self, given: MailingForm, made: str, actor: Actor) -> None:
        """Raises InvalidInput and Conflict where it could not begin."""
        await self._checked(given, made, actor)

    async def _checked(self, given: MailingForm, made: str, actor: Actor) -> tuple[Document, Contents]:
        mailing = {**await self.fields(given, actor), "_id": made, **belongs(actor.login, None)}
        contents, _ = await self._mailings.prepare(mailing, actor)
        self._mailings.check(mailing, contents)
        return mailing, contents

    async def wake(self, mailing_id: str) -> None:
        """Rows joined it: after they are stored, so that whoever looks finds them; where it was cancelled meanwhile
        they never leave. May be repeated.
        """
        after = await self._repository.mailings.amend(mailing_id, woken(iso(self._clock.now())))
        if after and after["state"] == "cancelled":
            await self._mailings.suppress_rest(mailing_id)

    async def move(self, mailing_id: str, state: str) -> None:
        """Paused, running or cancelled; where that cannot be it stays. May be repeated."""
        at = iso(self._clock.now())

        def change(now: Document) -> Document | None:
            return moved(now, state, at) if now["state"] in _FROM[state] else None

        if after := await self._repository.mailings.amend(mailing_id, change):
            await self._repository.mailings.tell(after)
        if state == "cancelled":
            await self._mailings.suppress_rest(mailing_id)
