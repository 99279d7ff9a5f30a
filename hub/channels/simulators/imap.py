"""The IMAP half of the mail simulator: pymap's protocol over mailboxes that the SMTP half appends to."""

import asyncio
import ssl
from argparse import Namespace
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import datetime
from typing import Any

from proxyprotocol.result import ProxyResultUnknown
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict.mailbox import Message
from pymap.backend.session import BaseSession
from pymap.concurrent import Subsystem
from pymap.config import BackendCapability, IMAPConfig
from pymap.context import connection_exit
from pymap.exceptions import InvalidAuth, NotSupportedError
from pymap.flags import PermanentFlags, SessionFlags
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.interfaces.login import IdentityInterface, LoginInterface
from pymap.interfaces.token import TokensInterface
from pymap.mailbox import MailboxSnapshot
from pymap.parsing.response import CommandResponse, Response, ResponseOk, UntaggedResponse
from pymap.parsing.response.specials import FetchResponse
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.creds.external import ExternalCredentials, ExternalVerificationRequired
from pysasl.creds.server import ServerCredentials
from pysasl.hashing import BuiltinHash

from hub.channels.simulators.faults import MailFaults
from hub.channels.simulators.mailbox import Folders

# One round: the passwords are test data, and the default of half a million would take a login half a second.
_HASH = BuiltinHash(rounds=1)
# A client may name thousands of UIDs in one command.
_LINE_LIMIT = 1 << 20

FindAccount = Callable[[str], tuple[str, Folders] | None]
"""Password and folders of a login name."""
UserOf = Callable[[str], str | None]
"""Whose mailbox an access token opens."""


class ImapServer:
    """Serves the accounts that `find` knows."""

    def __init__(
        self,
        find: FindAccount,
        faults: MailFaults,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        user_of: UserOf | None = None,
    ) -> None:
        """With `user_of`, access tokens are logins, too (XOAUTH2)."""
        self._find = find
        self._faults = faults
        self._tls = tls
        self._config = _Config(faults, starttls, user_of)
        self._connections: dict[asyncio.Task[Any], StreamWriter] = {}
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """The port it listens on."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self._tls, limit=_LINE_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        tasks = list(self._connections)
        self.drop_connections()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop_connections(self) -> None:
        """Resets every connection, as a server that dies does."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            await self._faults.pause()
            await self._converse(reader, writer)
        except asyncio.CancelledError:
            pass  # asyncio's streams report a cancelled handler as an error
        finally:
            del self._connections[task]
            writer.close()

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        peer = SocketInfo.get(writer, ProxyResultUnknown())
        connection = _Connection(self._config.commands, self._config, reader, writer, peer)
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.enter_context(closing(connection))
            await connection.run(_State(_Login(self._find, self._config), self._config))


class _Config(IMAPConfig):
    def __init__(self, faults: MailFaults, starttls: ssl.SSLContext | None, user_of: UserOf | None) -> None:
        super().__init__(
            Namespace(proxy_protocol=None),
            host=None,
            port=0,
            hash_context=_HASH,
            cpu_subsystem=Subsystem.for_asyncio(),
            ssl_context=starttls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            tls_enabled=starttls is not None,
            reject_dnsbl=False,
        )
        self.faults = faults
        self.user_of = user_of

    @property
    def tls_auth(self) -> SASLAuth:
        return SASLAuth.named([b"PLAIN", b"LOGIN", *([b"XOAUTH2"] if self.user_of else [])])

    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=self.faults.idle, object_id=False, multi_append=True)

    @property
    def greeting(self) -> bytes:
        return b"omnihub mail simulator ready"


class _Connection(IMAPConnection):
    config: _Config

    async def write_response(self, resp: Response) -> None:
        await self.config.faults.pause()
        if not self.writer.transport.is_closing():  # uvloop raises RuntimeError on a closed one
            await super().write_response(resp)


class _State(ConnectionState):
    async def do_greeting(self) -> CommandResponse:
        # pymap's own greeting lets clients on this machine log in before STARTTLS.
        return ResponseOk(b"*", self.config.greeting, self.capability)


class _Login(LoginInterface):
    def __init__(self, find: FindAccount, config: _Config) -> None:
        self._find = find
        self._config = config

    @property
    def tokens(self) -> TokensInterface:
        raise NotSupportedError("tokens")

    async def authenticate(self, credentials: ServerCredentials) -> "_Identity":
        if self._config.faults.imap_logins_refused is not None:
            raise InvalidAuth(self._config.faults.imap_logins_refused)
        by_token = isinstance(credentials, ExternalCredentials)
        name = credentials.authzid if by_token else credentials.authcid
        found = self._find(name)
        if found is None:
            raise InvalidAuth()
        password, folders = found
        user = UserMetadata(self._config, name, password=_HASH.hash(password))
        if not (self._opens(credentials, user) if by_token else credentials.verify(user)):
            raise InvalidAuth()
        return _Identity(user, folders)

    def _opens(self, credentials: ServerCredentials, user: UserMetadata) -> bool:
        try:
            credentials.verify(user)
        except ExternalVerificationRequired as asked:
            user_of = self._config.user_of
            return user_of is not None and user_of(asked.token or "") == user.name
        return False

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> IdentityInterface:
        if authenticated.name != authzid:
            raise InvalidAuth()
        return authenticated


class _Identity(IdentityInterface):
    def __init__(self, user: UserMetadata, folders: Folders) -> None:
        self._user = user
        self._folders = folders

    @property
    def name(self) -> str:
        return self._user.name

    @property
    def roles(self) -> frozenset[str]:
        return frozenset()

    async def new_token(self, *, expiration: datetime | None = None) -> str | None:  # noqa: ARG002
        return None

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator["_Session"]:
        yield _Session(self._user, self._folders)

    async def get(self) -> UserMetadata:
        return self._user

    async def set(self, user: UserMetadata) -> int | None:
        raise NotSupportedError(user.name)

    async def delete(self) -> None:
        raise NotSupportedError(self.name)


class _Selected(SelectedMailbox):
    def _compare(self, before: Any, after: Any, with_uid: bool) -> Iterable[UntaggedResponse]:
        # pymap tells the flags of every new mail, a line each; other servers announce new mail by EXISTS alone.
        fresh = {after.seqs_cache[uid] for uid in after.uids - before.uids}
        for response in super()._compare(before, after, with_uid):
            if not (isinstance(response, FetchResponse) and response.seq in fresh):
                yield response


class _Session(BaseSession[Message]):
    def __init__(self, user: UserMetadata, folders: Folders) -> None:
        super().__init__(user.name)
        self._config = user.config
        self._folders = folders

    @property
    def config(self) -> IMAPConfig:
        return self._config

    @property
    def mailbox_set(self) -> Folders:
        return self._folders

    async def select_mailbox(self, name: str, readonly: bool = False) -> tuple[MailboxSnapshot, SelectedMailbox]:
        mailbox = await self._get_mailbox(name)
        selected = _Selected(
            mailbox.mailbox_id,
            readonly,
            PermanentFlags(mailbox.permanent_flags),
            SessionFlags(mailbox.session_flags),
            selected_set=mailbox.selected_set,
            lookup=name,
        )
        return await mailbox.snapshot(), await mailbox.update_selected(selected)
