"""Tells browsers of notifications: what kind of thing happened and where it stands, and nothing of what was said."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import orjson

from hub.kit.clock import Clock, from_iso, iso
from hub.kit.loop import Loop
from hub.kit.restraint import Restraint
from hub.kit.tasks import end
from hub.store.base import Document, Range, Store
from services.interactions.notifications.models import NOTIFICATIONS, PUSH, UNREAD
from services.interactions.notifications.words import subject_of
from services.interactions.push.devices import Devices

_EVERY = timedelta(seconds=1)
_AT_ONCE, _OF_ONE = 50, 2
"""Notifications that are being told, and of one employee: slow push services of his hold up nobody else."""
_PAGE, _PAGES = 500, 10
_CLAIM = timedelta(minutes=1)
_PAUSES = (timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1))
"""After which a push service that did not take it is asked again."""
_OURS = (PUSH, "push_tries", "push_left")
_OLD = timedelta(days=1)
"""What nobody could be told of by then is in the page."""


class Outcome(StrEnum):
    TAKEN = "taken"
    GONE = "gone"
    """The browser is not there any more."""
    LATER = "later"
    NEVER = "never"
    """It does not take this."""


class Post(Protocol):
    """The way to push services; see `services.interactions.adapters.webpush`."""

    async def send(self, device: Document, content: bytes, *, topic: str) -> Outcome: ...


class Pushes:
    """The step of a loop; every copy of the service may do it, one of them claims each."""

    def __init__(
        self, store: Store, devices: Devices, post: Post, clock: Clock, *, restraint: Restraint, language: str
    ) -> None:
        self._kept = store.collection(NOTIFICATIONS)
        self._devices = devices
        self._post = post
        self._clock = clock
        self._restraint = restraint
        self._language = language
        self._under_way: dict[asyncio.Task[None], Document] = {}
        self._loop = Loop("push", self.look, every=_EVERY)
        self.start = self._loop.start

    async def look(self) -> None:
        """Nothing leaves a hub that is held, or a sandbox."""
        if self._restraint.held or self._restraint.sandbox:
            return
        until, after = iso(self._clock.now()), None
        for _ in range(_PAGES):
            where = {PUSH: Range(since="", until=until)}
            page = await self._kept.find(where, order=PUSH, limit=_PAGE, after=after)
            for one in page.items:
                self._begin(one)
            if (after := page.next) is None:
                break
        await self._settle()

    def _begin(self, notification: Document) -> None:
        """Unless there is no room now: it is looked at again."""
        under_way = [each["login"] for each in self._under_way.values()]
        if len(under_way) < _AT_ONCE and under_way.count(notification["login"]) < _OF_ONE:
            self._under_way[asyncio.create_task(self._one(notification))] = notification

    async def _settle(self) -> None:
        """What a push service takes its time for goes on beside the next look."""
        if not self._under_way:
            return
        done, _ = await asyncio.wait(self._under_way, timeout=_EVERY.total_seconds())
        for task in done:
            del self._under_way[task]
        for task in done:
            await task

    async def stop(self) -> None:
        await self._loop.stop()
        await end(self._under_way)

    async def _one(self, notification: Document) -> None:
        """Claimed for as long as it may take: what a crash leaves is taken up after that."""
        now, devices = self._clock.now(), await self._to_tell(notification)
        if not devices:
            await self._kept.unset([notification], *_OURS)
            return
        claim = {**notification, PUSH: iso(now + _CLAIM)}
        if not await self._kept.swap(claim):
            return
        tries, left = notification.get("push_tries", 0), await self._tell(notification, devices)
        claimed = {**claim, "_v": notification["_v"] + 1}
        if left and tries < len(_PAUSES):
            again = {PUSH: iso(now + _PAUSES[tries]), "push_tries": tries + 1, "push_left": left}
            await self._kept.swap({**claimed, **again})
            return
        await self._kept.unset([claimed], *_OURS)

    async def _to_tell(self, notification: Document) -> list[Document]:
        """None where he has read it meanwhile, or nobody could be told for too long."""
        if UNREAD not in notification and "page" in notification["ways"]:
            return []
        if self._clock.now() - from_iso(notification["at"]) >= _OLD:
            return []
        devices, left = await self._devices.of(notification["login"]), notification.get("push_left")
        return [one for one in devices if left is None or one["_id"] in left]

    async def _tell(self, notification: Document, devices: Sequence[Document]) -> list[str]:
        """Ids of the devices that are to be tried again."""
        outcomes = await asyncio.gather(*(self._to(one, notification) for one in devices))
        return [one["_id"] for one, outcome in zip(devices, outcomes, strict=True) if outcome is Outcome.LATER]

    async def _to(self, device: Document, notification: Document) -> Outcome:
        outcome = await self._post.send(device, self._content(notification), topic=notification["_id"])
        if outcome is Outcome.GONE:
            await self._devices.gone(device)
        return outcome

    def _content(self, notification: Document) -> bytes:
        told = {"id": notification["_id"], "title": subject_of(notification["kind"], self._language)}
        return orjson.dumps({**told, "path": path_of(notification), "lang": self._language})


def path_of(notification: Document) -> str:
    """In the page."""
    if notification["task_id"]:
        return f"/tasks/{notification['task_id']}"
    return f"/inbox/{notification['chain_id']}" if notification["chain_id"] else "/inbox"
