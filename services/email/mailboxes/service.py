"""The rules of mailboxes: both logins are tried before anything is saved; what is removed keeps its history."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pydantic import ValidationError

from hub.channels.belonging import BELONGS, Lines
from hub.channels.entered import Place, check_entered
from hub.channels.errors import LoginRefused
from hub.channels.keeping import Keeping
from hub.channels.sends import SendRepository
from hub.channels.trials import TrialView, trial_of
from hub.kit.clock import iso
from hub.kit.errors import HubError, InvalidInput
from hub.kit.ids import derive
from hub.store.base import Document
from services.email.errors import MailServerUnavailable
from services.email.inbound.warnings import Ours
from services.email.mailboxes.models import MailboxChange, MailboxInput, ServerChange
from services.email.mailboxes.repository import MailboxRepository
from services.email.mime.identity import normalise_address
from services.email.models import Mailbox, Server


class Trial(Protocol):
    """Tries a login; raises LoginRefused or MailServerUnavailable."""

    async def imap(self, server: Server) -> None: ...

    async def pop(self, server: Server) -> None: ...

    async def smtp(self, server: Server) -> None: ...


class Mailboxes:
    """Adds, changes and removes mailboxes, and says how they are."""

    def __init__(self, *, keeping: Keeping, repository: MailboxRepository, trial: Trial) -> None:
        self._keeping = keeping
        self._repository = repository
        self._trial = trial
        self.get = keeping.get
        self.page = keeping.page
        self.remove = keeping.remove
        self.channels = keeping.channels
        self.waiting = keeping.waiting

    async def add(self, given: MailboxInput) -> Document:
        """The mailbox as it is stored.

        Raises:
            Conflict: the address is a mailbox already.
            InvalidInput: names which of the two logins failed, and why.
        """
        mailbox_id = derive("mb", given.address.lower())
        await self._keeping.check_free(mailbox_id)
        entered = {"imap": given.imap, "pop": given.pop, "smtp": given.smtp}
        servers = {kind: one.server() for kind, one in entered.items() if one}
        await self._try(**servers)
        document: Document = {
            "_id": mailbox_id,
            "address": given.address,
            "name": given.name,
            **{kind: self._repository.sealed(server) for kind, server in servers.items()},
            "leave": given.pop.leave if given.pop else True,
            "fetch_since": iso(given.fetch_since) if given.fetch_since else None,
            "sent_since": self._keeping.now() if given.watch_sent else None,
            "plus_addressing": given.plus_addressing,
            "signature": given.signature,
            "per_hour": given.per_hour,
            "auto_reply": given.auto_reply,
            **given.belongs,
        }
        return await self._keeping.add(document)

    async def change(self, mailbox_id: str, change: MailboxChange) -> Document:
        """The mailbox as it is now; logins that change are tried first.

        Raises:
            InvalidInput: as `add`, or a server is another one and its secret was not given again.
            Conflict, NotFound
        """
        document = await self._repository.get(mailbox_id)
        opened = self._repository.opened(document)
        given = change.model_dump(
            exclude_none=True, include={"name", "plus_addressing", "signature", "per_hour", "auto_reply", *BELONGS}
        )
        if given.get("auto_reply") and not opened.auto_reply:
            given["answers_since"] = self._keeping.now()
        if change.pop and change.pop.leave is not None:
            given["leave"] = change.pop.leave
        if change.watch_sent is not None:
            given["sent_since"] = self._watched(opened, change.watch_sent)
        servers = _changed(opened, change)
        _check_entered(opened, change, servers)
        await self._try(**servers)
        sealed = {kind: self._repository.sealed(server) for kind, server in servers.items()}
        return await self._keeping.change({**document, **given, **sealed})

    async def tried(self, mailbox_id: str) -> TrialView:
        """Its logins, as they are kept. Raises NotFound."""
        servers = _servers(self._repository.opened(await self._repository.get(mailbox_id)))
        return await trial_of(self._try(**{kind: one for kind, one in servers.items() if one}))

    def _watched(self, mailbox: Mailbox, watch: bool) -> str | None:
        """Since when its Sent folder is watched."""
        if watch and mailbox.imap is None:
            fix = "the mailbox is read by pop, which knows no Sent folder"
            raise InvalidInput(f"watch_sent: {fix}", fields={"watch_sent": fix})
        if watch and mailbox.sent_since:
            return iso(mailbox.sent_since)
        return self._keeping.now() if watch else None

    async def _try(self, **servers: Server) -> None:
        tries: Mapping[str, Any] = {"imap": self._trial.imap, "pop": self._trial.pop, "smtp": self._trial.smtp}
        found = await asyncio.gather(*(_failure(tries[kind](server)) for kind, server in servers.items()))
        failed = {kind: words for kind, words in zip(servers, found, strict=True) if words}
        if failed:
            raise InvalidInput("; ".join(f"{kind}: {words}" for kind, words in failed.items()), fields=failed)


class OwnMail:
    """What the hub knows to be its own: addresses of its mailboxes, mails of its ledger."""

    def __init__(self, mailboxes: MailboxRepository, sends: SendRepository) -> None:
        self._mailboxes = mailboxes
        self._sends = sends

    async def known(self) -> Ours:
        mailboxes = await self._mailboxes.active()
        names = [*(document["name"] for document in mailboxes), *await self._mailboxes.colleagues()]
        return Ours.of((normalise_address(document["address"]) for document in mailboxes), names)

    async def lines(self, mailbox_ids: Iterable[str]) -> Lines:
        return await self._mailboxes.lines(mailbox_ids)

    async def logins(self) -> dict[str, str]:
        """Names of those who work here, by login."""
        return await self._mailboxes.logins()

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
    before, wanted = _servers(mailbox), _wanted(mailbox, change)
    servers = {kind: _server(kind, before[kind], asked) for kind, asked in wanted.items() if asked}
    for kind, other in (tuple(before), tuple(before)[::-1]):
        asked, follows = wanted[kind], wanted[other]
        shared = before[kind].oauth is not None and before[kind].oauth == before[other].oauth
        if shared and asked and asked.oauth and not (follows and (follows.oauth or follows.password)):
            servers[other] = replace(servers.get(other, before[other]), oauth=servers[kind].oauth)
    return servers


def _servers(mailbox: Mailbox) -> dict[str, Server]:
    """The way in and the way out."""
    entered = {"imap": mailbox.imap, "pop": mailbox.pop, "smtp": mailbox.smtp}
    return {kind: server for kind, server in entered.items() if server}


def _wanted(mailbox: Mailbox, change: MailboxChange) -> dict[str, ServerChange | None]:
    """Raises InvalidInput for a way in that is not the mailbox's."""
    wanted = {"imap": change.imap, "pop": change.pop, "smtp": change.smtp}
    servers = _servers(mailbox)
    for kind in wanted.keys() - servers.keys():
        if wanted.pop(kind):
            fix = f"the mailbox is not read by {kind}; to change that, remove it and add it anew: its history stays"
            raise InvalidInput(f"{kind}: {fix}", fields={kind: fix})
    return wanted


def _check_entered(mailbox: Mailbox, change: MailboxChange, servers: Mapping[str, Server]) -> None:
    before = _servers(mailbox)
    for kind, asked in _wanted(mailbox, change).items():
        if asked is not None:
            place = _place(before[kind])
            check_entered(place, _place(servers[kind]), _secrets(before[kind], servers[kind], asked), within=kind)


def _place(server: Server) -> Place:
    place: Place = {"host": server.host, "port": server.port, "security": server.security, "user": server.user}
    return {**place, "oauth.token_url": server.oauth.token_url} if server.oauth else place


def _secrets(before: Server, after: Server, asked: ServerChange) -> Mapping[str, bool]:
    """What is stored for a server, and whether it is given again. The mail server gets a token for the consent."""
    if asked.password is not None:
        return {}
    if before.oauth is None:
        return {} if asked.oauth else {"password": False}
    given = asked.oauth.model_fields_set if asked.oauth else set()
    moves = after.oauth is not None and after.oauth.token_url != before.oauth.token_url
    secrets = {"oauth.refresh_token": "refresh_token" in given}
    return (
        {**secrets, "oauth.client_secret": "client_secret" in given}
        if moves and before.oauth.client_secret
        else secrets
    )


def _server(kind: str, server: Server, change: ServerChange) -> Server:
    try:
        return change.changed(server)
    except ValidationError as exc:
        missing = {f"{kind}.oauth.{error['loc'][0]}": "required; add it" for error in exc.errors()}
        raise InvalidInput("; ".join(f"{k}: {v}" for k, v in missing.items()), fields=missing) from exc
