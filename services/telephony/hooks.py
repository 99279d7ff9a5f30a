"""What providers post, checked before it is read: whose it is, and whether it is from whom it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.api.public import CALLER
from hub.channels.accounts import AccountRepository
from hub.contracts.park import RawPayloadStored
from hub.kit.beside import beside
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.store.base import Document
from services.telephony.calls.posted import form_of
from services.telephony.errors import Forged
from services.telephony.exchanges.models import Exchange
from services.telephony.exchanges.proofs import Shown, comes_from, is_proven
from services.telephony.exchanges.repository import ExchangeRepository
from services.telephony.ground import Body
from services.telephony.intake.posts import Post, Posts
from services.telephony.metrics import FORGED

_NOTED_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a hook was called."""

    path: str
    """With its query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body


class Opened:
    """Exchanges as they are now, opened once for each version."""

    def __init__(self, exchanges: ExchangeRepository) -> None:
        self._exchanges = exchanges
        self._known: dict[str, Exchange] = {}

    async def get(self, exchange_id: str, kind: str) -> Exchange:
        """Raises NotFound."""
        document = await self._exchanges.get(exchange_id)
        if document["kind"] != kind:
            raise NotFound(f"no {kind} exchange {exchange_id}")
        known = self._known.get(exchange_id)
        if known is None or known.revision != document["_v"]:
            known = self._known[exchange_id] = self._exchanges.opened(document)
        return known


class Noted:
    """That something came in by post: at whichever copy of the hub, and whoever looks after the account."""

    def __init__(self, accounts: AccountRepository, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._at: dict[str, datetime] = {}

    async def note(self, account: str) -> None:
        now = self._clock.now()
        if now - self._at.get(account, now - 2 * _NOTED_EVERY) < _NOTED_EVERY:
            return
        self._at[account] = now
        with beside("health", account=account):
            await self._accounts.note_posted(account, iso(now))


class WebhookDoor:
    """The door of exchanges that post what happens."""

    def __init__(self, opened: Opened, posts: Posts, noted: Noted) -> None:
        self._opened = opened
        self._posts = posts
        self._noted = noted

    async def post(self, exchange_id: str, asked: Asked) -> list[Document]:
        """Takes a post; when it returns, it is durable and told. What nobody proved is not kept.

        Raises:
            Forged, NotFound
        """
        exchange = await self._opened.get(exchange_id, "webhook")
        given = exchange.webhook
        if not comes_from(asked.headers.get(CALLER, ""), given.networks):
            raise forged(exchange)
        raw = await asked.body()
        kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()[:100]
        if not is_proven(given, Shown(asked.headers, asked.query, raw, _fields(kind, raw))):
            raise forged(exchange)
        documents = await self._posts.take(exchange, Post(kind, raw))
        await self._noted.note(exchange.id)
        return documents

    async def replay(self, fact: RawPayloadStored) -> None:
        """Reads a parked post again. Raises Poison, NotFound."""
        await self._posts.replay(await self._opened.get(fact.account, "webhook"), fact)


def forged(exchange: Exchange) -> Forged:
    FORGED.labels(exchange.id).inc()
    return Forged()


def _fields(kind: str, raw: bytes) -> dict[str, str]:
    if "json" in kind:
        return {}
    try:
        return form_of(raw)
    except ValueError:
        return {}
