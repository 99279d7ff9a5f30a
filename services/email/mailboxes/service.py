"""The rules of mailboxes: both logins are tried before anything is saved; what is removed keeps its history."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from pydantic import ValidationError

from hub.channels.errors import LoginRefused
from hub.channels.health import judge
from hub.channels.ledger import Ledger
from hub.channels.sends import SendRepository
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, HubError, InvalidInput
from hub.kit.ids import derive
from hub.kit.log import Log, mask
from hub.store.base import Document, Page
from services.email.errors import MailServerUnavailable
from services.email.mailboxes.models import ChannelView, MailboxChange, MailboxInput, ServerChange
from services.email.mailboxes.repository import MailboxRepository
from services.email.mime.identity import normalise_address
from services.email.models import Mailbox, Server
from services.email.settings import Settings

log = Log(__name__)


class Trial(Protocol):
    """Tries a login; raises LoginRefused or MailServerUnavailable."""

    async def imap(self, server: Server) -> None: ...

    async def smtp(self, server: Server) -> None: ...


class Mailboxes:
    """Adds, changes and removes mailboxes, and says how they are."""

    def __init__(
        self,
        *,
        repository: MailboxRepository,
        sends: SendRepository,
        ledger: Ledger,
        trial: Trial,
        clock: Clock,
        settings: Settings,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called whenever the set of mailboxes is another one."""
        self._repository = repository
        self._sends = sends
        self._ledger = ledger
        self._trial = trial
        self._clock = clock
        self._settings = settings
        self._changed = changed

    async def add(self, given: MailboxInput) -> Document:
        """The mailbox as it is stored.

        Raises:
            Conflict: the address is a mailbox already.
            InvalidInput: names which of the two logins failed, and why.
        """
        mailbox_id = derive("mb", given.address.lower())
        earlier = await self._repository.find(mailbox_id)
        if earlier and earlier["state"] == "active":
            raise _taken(mailbox_id)
        imap, smtp = given.imap.server(), given.smtp.server()
        await self._try(imap=imap, smtp=smtp)
        document: Document = {
            "_id": mailbox_id,
            "state": "active",
            "address": given.address,
            "name": given.name,
            "imap": self._repository.sealed(imap),
            "smtp": self._repository.sealed(smtp),
            "plus_addressing": given.plus_addressing,
            "created_at": iso(self._clock.now()),
        }
        await self._store(document, earlier)
        log.info("mailbox.added", mailbox_id=mailbox_id, address=mask(given.address))
        self._changed()
        return document

    async def _store(self, document: Document, earlier: Document | None) -> None:
        if earlier:
            saved = await self._repository.save({**document, "_v": earlier["_v"]})
        else:
            saved = await self._repository.add(document)
        if not saved:
            raise _taken(document["_id"])

    async def change(self, mailbox_id: str, change: MailboxChange) -> Document:
        """The mailbox as it is now; logins that change are tried first. Errors as `add`, and NotFound."""
        document = await self._repository.get(mailbox_id)
        opened = self._repository.opened(document)
        given = change.model_dump(exclude_none=True, include={"name", "plus_addressing"})
        servers = _changed(opened, change)
        await self._try(**servers)
        sealed = {kind: self._repository.sealed(server) for kind, server in servers.items()}
        changed = {**document, **given, **sealed}
        if not await self._repository.save(changed):
            raise Conflict
        self._changed()
        return changed

    async def remove(self, mailbox_id: str) -> None:
        """Stops it; what waits to leave has failed, and its history stays."""
        document = await self._repository.get(mailbox_id)
        if not await self._repository.save({**document, "state": "removed"}):
            raise Conflict
        self._changed()
        await self._ledger.abandon(mailbox_id)
        log.info("mailbox.removed", mailbox_id=mailbox_id)

    async def get(self, mailbox_id: str) -> Document:
        return await self._repository.get(mailbox_id)

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._repository.page(limit=limit, after=after)

    async def channels(self) -> list[ChannelView]:
        """How every mailbox is, whichever copy of the hub looks after it."""
        documents = await self._repository.active()
        notes = await self._repository.health(document["_id"] for document in documents)
        return [await self._channel(document, notes.get(document["_id"])) for document in documents]

    async def _channel(self, document: Document, note: Document | None) -> ChannelView:
        health = judge(note, now=self._clock.now(), silence=self._settings.silence)
        return ChannelView(
            id=document["_id"],
            address=document["address"],
            name=document["name"],
            queued=await self._sends.waiting(document["_id"]),
            unknown=await self._sends.unknown(document["_id"]),
            **asdict(health),
        )

    async def _try(self, **servers: Server) -> None:
        tries: Mapping[str, Any] = {"imap": self._trial.imap, "smtp": self._trial.smtp}
        found = await asyncio.gather(*(_failure(tries[kind](server)) for kind, server in servers.items()))
        failed = {kind: words for kind, words in zip(servers, found, strict=True) if words}
        if failed:
            raise InvalidInput("; ".join(f"{kind}: {words}" for kind, words in failed.items()), fields=failed)


class OwnMail:
    """What the hub knows to be its own: addresses of its mailboxes, mails of its ledger."""

    def __init__(self, mailboxes: MailboxRepository, sends: SendRepository) -> None:
        self._mailboxes = mailboxes
        self._sends = sends

    async def addresses(self) -> frozenset[str]:
        return frozenset(normalise_address(document["address"]) for document in await self._mailboxes.active())

    async def sent(self, interaction_ids: Sequence[str]) -> set[str]:
        return set(await self._sends.get_many(interaction_ids))


async def _failure(trial: Any) -> str | None:
    try:
        await trial
    except (LoginRefused, MailServerUnavailable) as exc:
        return str(exc)
    except HubError as exc:
        return f"{type(exc).__name__}: {exc}"
    return None


def _changed(mailbox: Mailbox, change: MailboxChange) -> dict[str, Server]:
    """The servers that become others. One consent opens both: renewed for one of them, it is for the other, too."""
    before = {"imap": mailbox.imap, "smtp": mailbox.smtp}
    wanted = {"imap": change.imap, "smtp": change.smtp}
    servers = {kind: _server(kind, before[kind], asked) for kind, asked in wanted.items() if asked}
    for kind, other in (("imap", "smtp"), ("smtp", "imap")):
        asked, follows = wanted[kind], wanted[other]
        shared = before[kind].oauth is not None and before[kind].oauth == before[other].oauth
        if shared and asked and asked.oauth and not (follows and (follows.oauth or follows.password)):
            servers[other] = replace(servers.get(other, before[other]), oauth=servers[kind].oauth)
    return servers


def _server(kind: str, server: Server, change: ServerChange) -> Server:
    try:
        return change.changed(server)
    except ValidationError as exc:
        missing = {f"{kind}.oauth.{error['loc'][0]}": "required; add it" for error in exc.errors()}
        raise InvalidInput("; ".join(f"{k}: {v}" for k, v in missing.items()), fields=missing) from exc


def _taken(mailbox_id: str) -> Conflict:
    return Conflict(f"this address is mailbox {mailbox_id} already; change that one (PATCH), or remove it first")
