"""Keeping the accounts of a channel: what is added, changed and removed, and how each of them is."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from hub.channels.accounts import AccountRepository
from hub.channels.health import shown
from hub.channels.ledger import Ledger
from hub.channels.sends import SendRepository
from hub.channels.views import ChannelView
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict
from hub.kit.log import Log, mask
from hub.store.base import Document, Page

log = Log(__name__)


class Keeping:
    """An account that was removed keeps its history, and its id when it is added again."""

    def __init__(
        self,
        *,
        channel: str,
        noun: str,
        repository: AccountRepository,
        sends: SendRepository,
        ledger: Ledger,
        clock: Clock,
        silence: timedelta,
        changed: Callable[[str], None],
    ) -> None:
        """`noun` is what an account is called in errors; `changed` is called with each that is another one now,
        before whoever asked is answered.
        """
        self._channel = channel
        self._noun = noun
        self._repository = repository
        self._sends = sends
        self._ledger = ledger
        self._clock = clock
        self._silence = silence
        self._changed = changed

    def now(self) -> str:
        """As it is stored."""
        return iso(self._clock.now())

    async def check_free(self, account: str) -> None:
        """Raises Conflict when there is an active one of this id."""
        earlier = await self._repository.find(account)
        if earlier and earlier["state"] == "active":
            raise self._taken(account)

    async def add(self, document: Document) -> Document:
        """Stores it as active, with the time.

        Raises:
            Conflict: it is there already.
        """
        account = document["_id"]
        stored = {**document, "state": "active", "created_at": iso(self._clock.now())}
        earlier = await self._repository.find(account)
        if earlier and earlier["state"] == "active":
            raise self._taken(account)
        if earlier:
            saved = await self._repository.save({**stored, "_v": earlier["_v"]})
        else:
            saved = await self._repository.add(stored)
        if not saved:
            raise self._taken(account)
        log.info("account.added", account=account, address=mask(document["address"]))
        self._changed(account)
        return stored

    async def change(self, document: Document) -> Document:
        """Stores what was read before with its changes.

        Raises:
            Conflict: somebody else changed it meanwhile.
        """
        if not await self._repository.save(document):
            raise Conflict
        self._changed(document["_id"])
        return document

    async def remove(self, account: str) -> None:
        """Stops it; what waits to leave has failed, and its history stays. Raises NotFound."""
        document = await self._repository.get(account)
        if not await self._repository.save({**document, "state": "removed"}):
            raise Conflict
        self._changed(account)
        await self._ledger.abandon(account)
        log.info("account.removed", account=account)

    async def get(self, account: str) -> Document:
        """Raises NotFound."""
        return await self._repository.get(account)

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._repository.page(limit=limit, after=after)

    async def channels(self) -> list[ChannelView]:
        """How every account is, whichever copy of the hub looks after it."""
        documents = await self._repository.active()
        notes = await self._repository.health(document["_id"] for document in documents)
        return [await self._view(document, notes.get(document["_id"])) for document in documents]

    async def waiting(self) -> dict[str, int]:
        """How many messages wait to leave, by the name of the channel."""
        accounts = await self._repository.active()
        return {self._channel: sum([await self._sends.waiting(account["_id"]) for account in accounts])}

    async def _view(self, document: Document, note: Document | None) -> ChannelView:
        health = shown(note, now=self._clock.now(), silence=self._silence)
        return ChannelView(
            id=document["_id"],
            channel=self._channel,
            address=document["address"],
            name=document["name"],
            team=document.get("team", ""),
            others=document.get("others", "full"),
            approval=document.get("approval", False),
            queued=await self._sends.waiting(document["_id"]),
            unknown=await self._sends.unknown(document["_id"]),
            **asdict(health),
        )

    def _taken(self, account: str) -> Conflict:
        return Conflict(
            f"this address is {self._noun} {account} already; change that one (PATCH), or remove it first"
        )
