"""A whole channel on two pages: a messenger that posts JSON to us and takes JSON from us.

It passes the conformance suite that every channel passes (`tests/examples`). See docs/channels.md.
"""

from datetime import datetime
from hmac import compare_digest

import httpx
import orjson
from fastapi import Request
from pydantic import ConfigDict, Field, SecretStr

from hub.api.forms import Form, View
from hub.api.public import Public, publish
from hub.api.rights import Right
from hub.channels.accounts import AccountRepository
from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.endpoints import add_channels
from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker
from hub.contracts.interaction import InteractionReceived, Participant, Role, SendMessage
from hub.contracts.topics import Topic
from hub.footing import Footing
from hub.kit.errors import Conflict
from hub.kit.http import service_app
from hub.kit.ids import derive
from hub.kit.outside import Outside
from hub.kit.outside_http import client, words_in
from hub.store.base import CollectionSpec, Document, Index
from services.messaging.app import Floor, MessagingService
from services.messaging.errors import Forged, MessengerUnavailable
from services.messaging.keeper import ProviderKeeper
from services.messaging.line import SERVICE, Line
from services.messaging.models import Account, Payload, Reading

CHANNEL = "pigeon"
TOPICS = tuple(Topic(f"{kind}.{CHANNEL}", "loft id") for kind in ("raw", "outbound", "outbound.mass"))
"""Of its own; a channel of the hub itself has them in `hub/contracts/topics.py`."""


def read(payload: Payload, account: Account, raw: str, received_at: datetime) -> Reading:
    """`{"id": …, "from": …, "text": …}` as an event: pure, and never raises."""
    try:
        given = orjson.loads(payload.raw)
        message_id, author, text = (str(given[name]) for name in ("id", "from", "text"))
    except (orjson.JSONDecodeError, KeyError, TypeError) as exc:
        return Reading(unreadable=f"not a pigeon's message: {exc!r}")
    event = InteractionReceived(
        id=derive("in", CHANNEL, account.id, message_id),
        channel=CHANNEL,
        type=CHANNEL,
        account=account.id,
        at=received_at,
        received_at=received_at,
        participants=(
            Participant(role=Role.FROM, address=f"{CHANNEL}:{author}", raw=author),
            Participant(role=Role.TO, address=f"{CHANNEL}:{account.address}", ours=True),
        ),
        text=text,
        keys=(f"{CHANNEL}:{message_id}",),
        raw=raw,
    )
    return Reading(kind="message", events=(event,))


class Loft:
    """The way out: one request a message, with our token."""

    def __init__(self, url: str, token: str, outside: Outside) -> None:
        self._client = client(outside, patience=3)
        self._client.base_url, self._client.headers["Authorization"] = httpx.URL(url), f"Bearer {token}"

    async def probe(self) -> None:
        try:
            answer = await self._client.get("/health")
        except httpx.TransportError as exc:
            raise MessengerUnavailable(str(exc)) from exc
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise LoginRefused("answered 401", fix="check the token")

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """The intent is durable before the first byte leaves; what the answer means is the channel's to say."""
        del at, keys
        await intent()
        body = {"to": message.to[0].address.partition(":")[2], "text": message.text}
        try:
            answer = await self._client.post("/messages", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            return Deferred(f"the loft cannot be reached: {exc}")
        except httpx.TransportError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        if answer.status_code in (401, 429) or answer.status_code >= 500:
            return Deferred(f"the loft answered {answer.status_code}: {words_in(answer, 'error')}")
        if not answer.is_success:
            return Refused(f"the loft answered {answer.status_code}: {words_in(answer, 'error')}")
        return Sent("flown", keys=(f"{CHANNEL}:{answer.json()['id']}",))

    async def close(self) -> None:
        await self._client.aclose()


class Pigeons:
    """What runs for each loft, and what its API does."""

    def __init__(self, floor: Floor) -> None:
        spec = CollectionSpec("lofts", (Index("state"),))
        self.outside = floor.footing.outside
        self.accounts = AccountRepository(floor.store, spec, noun="loft")
        self.ground = floor.ground(self.accounts, read, lambda _: None)
        self.line = Line(self.ground, _account)
        self.workers, self.keeping = floor.staff(CHANNEL, "loft", self.ground, self.hire, self.line.replay)

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """A loop that looks whether the loft is there, and the sender."""
        account, notes = _account(document), HealthNotes(document["_id"], self.ground.clock, note)
        loft = Loft(document["url"], document["token"], self.outside)
        settings = self.ground.settings
        keeper = ProviderKeeper(
            {CHANNEL: loft}, health=notes, every=settings.check_interval, cap=settings.reconnect_cap
        )
        sender = Sender(
            loft,
            account.id,
            service=SERVICE,
            ledger=self.ground.ledger,
            health=notes,
            probe=loft.probe,
            cap=settings.reconnect_cap,
            gate=self.ground.gate,
            endpoints=(document["url"],),
        )
        return AccountWorker(
            loops=(keeper,), sender=sender, notes=notes, alarm=self.line.alarm(account, notes), close=loft.close
        )

    async def post(self, account_id: str, body: bytes, token: str) -> None:
        """What the messenger posts: durable and published when this returns."""
        document = await self.accounts.get(account_id)
        if not compare_digest(token.encode(), document["token"].encode()):
            raise Forged
        await self.ground.intake.take(_account(document), [Payload(kind="message", raw=body)])


def _account(document: Document) -> Account:
    return Account(id=document["_id"], channel=CHANNEL, address=document["address"])


class NewLoft(Form):
    """A loft of ours, and how we show the messenger that it is us."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"address": "town-hall", "url": "https://loft.example", "token": "corn"}]}
    )
    address: str = Field(pattern=r"^[a-z-]{1,40}$")
    url: str = Field(max_length=2_000)
    token: SecretStr = Field(min_length=1, max_length=200)


class LoftView(View):
    """A loft; its token is not shown."""

    id: str
    address: str


def public(pigeons: Pigeons) -> Public:
    """All that anybody outside the service needs to be told of what it does; the gateway does the rest."""
    routes = Public("lofts")

    @routes.post("/lofts", right=Right.MANAGE_CHANNELS, noun="loft", status=201, refuses=[Conflict])
    async def add_loft(given: NewLoft) -> LoftView:
        """Add a loft."""
        where = {"address": given.address, "url": given.url, "token": given.token.get_secret_value()}
        loft = await pigeons.keeping.add({"_id": derive("loft", given.address), "name": given.address, **where})
        return LoftView(id=loft["_id"], address=loft["address"])

    @routes.hook(f"/hooks/{CHANNEL}/{{account}}", headers=["x-pigeon-token"])
    async def hook(account: str, request: Request) -> dict[str, bool]:
        await pigeons.post(account, await request.body(), request.headers.get("X-Pigeon-Token", ""))
        return {"ok": True}

    add_channels(routes, pigeons.keeping.channels)
    return routes


def build(footing: Footing) -> MessagingService:
    """The service: what every channel of the hub shares does the rest."""
    floor = Floor(footing)
    pigeons = Pigeons(floor)
    http = service_app("pigeons", checks={"store": floor.store.ping})
    publish(http, public(pigeons), service="pigeons", seal=footing.seal)
    return MessagingService(http, floor, [pigeons.workers])
