"""The live stream over a real socket: what happens, resumed without a gap or a double."""

import asyncio
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from hub.api.actor import Actor
from hub.contracts.base import Envelope, Event
from hub.contracts.client import Chain, ChainOpened, Client, ClientOpened
from hub.contracts.interaction import Attachment, Direction, Interaction, InteractionLinked, Link
from hub.contracts.job import JobProgressed
from hub.contracts.scope import EVERYTHING
from hub.process import http_server, url_of
from hub.process import listening as listen
from hub.testing.waiting import PATIENCE, eventually
from services.gateway.access.totp import PERIOD, code_at
from services.gateway.app import Gateway
from services.gateway.live.position import decode, encode, now_everywhere, ordered
from services.gateway.live.service import PIECE
from services.gateway.live.shown import About

EVERYBODY = Actor(login="admin", reach=(EVERYTHING,))
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Told:
    id: str
    event: str
    data: Any

    @property
    def about(self) -> str:
        return str(next(iter(self.data.values()))["id"])


def an_interaction(number: int, **overrides: Any) -> InteractionLinked:
    fields: dict[str, Any] = {
        "id": f"int_{number}",
        "channel": "email",
        "type": "email",
        "direction": Direction.IN,
        "accounts": ("mb_1",),
        "at": AT,
        "client_id": f"cl_{number % 7}",
        "chain_id": "ch_1",
        "link": Link(rule="reference"),
    }
    return InteractionLinked(interaction=Interaction(**{**fields, **overrides}))


async def publish(hub: Any, *events: Event) -> None:
    await hub.bus.publish([Envelope(event=event, source="omnihub/tests", time=AT) for event in events])


@asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[str]:
    """The gateway on a free port."""
    bound = listen("127.0.0.1", 0)
    async with http_server(gateway.http, bound):
        yield f"{url_of(bound)}/api/v1"


class Listener:
    """One connection to the stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._blocks: asyncio.Queue[dict[str, str] | None] = asyncio.Queue()
        self.reading = asyncio.create_task(self._read(response))
        self.last_id = ""

    async def opened(self) -> str:
        """The id at which it begins."""
        block = await self._blocks.get()
        assert block is not None
        self.last_id = block["id"]
        return self.last_id

    async def take(self, count: int, *, seconds: float = PATIENCE) -> list[Told]:
        """The next events; fewer when the stream ends or nothing comes."""
        found: list[Told] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(found) < count and (block := await self._blocks.get()) is not None:
                    self.last_id = block.get("id", self.last_id)
                    if "data" in block:
                        found.append(Told(self.last_id, block["event"], orjson.loads(block["data"])))
        return found

    async def _read(self, response: httpx.Response) -> None:
        block: dict[str, str] = {}
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                block[name] = value
            else:
                self._blocks.put_nowait(block)
                block = {}
        self._blocks.put_nowait(None)


@asynccontextmanager
async def listening(
    url: str, client: httpx.AsyncClient, query: str = "", last_event_id: str = ""
) -> AsyncIterator[Listener]:
    headers = {"Authorization": client.headers["Authorization"]}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as direct,
        direct.stream("GET", f"{url}/live{query}", headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        listener = Listener(response)
        await listener.opened()
        yield listener
        listener.reading.cancel()
        await asyncio.wait([listener.reading])


async def test_what_happens_is_told_as_it_happens_without_blob_keys(hub: Any) -> None:
    operator = await hub.employee("operator")
    attachment = Attachment(id="att_1", filename="a.txt", content_type="text/plain", size=1, blob="secret/blob")
    async with served(hub.gateway) as url, listening(url, operator) as listener:
        await publish(hub, an_interaction(1, attachments=(attachment,), raw="secret/raw"))
        (told,) = await listener.take(1)
    assert told.event == "interaction.linked.v1"
    assert told.data["interaction"]["id"] == "int_1"
    (attachment,) = told.data["interaction"]["attachments"]
    assert (attachment["id"], attachment["filename"], attachment["state"]) == ("att_1", "a.txt", "ready")
    assert "blob" not in attachment
    assert "secret" not in str(told.data)


@pytest.mark.parametrize(
    ("rights", "scopes", "heard"),
    [
        (["read_jobs"], {"*": "all"}, {"client.opened.v1", "interaction.linked.v1", "job.progressed.v1"}),
        ([], {"*": "all"}, {"client.opened.v1", "interaction.linked.v1"}),
        (["read_jobs"], {"*": "all", "client": "none", "job": "own"}, {"interaction.linked.v1"}),
        (["read_jobs"], {"client": "all"}, {"client.opened.v1"}),
    ],
)
async def test_of_each_thing_a_listener_hears_what_he_would_be_told_of_when_he_asked(
    hub: Any, rights: list[str], scopes: dict[str, str], heard: set[str]
) -> None:
    admin = await hub.admin()
    role = {"title": "Особая", "rights": ["own_account", "read_correspondence", *rights], "scopes": scopes}
    assert (await admin.put("/roles/odd", json=role)).status_code == 200
    job = JobProgressed(
        id="job_1",
        kind="x",
        state="running",
        done=0,
        failed=0,
        created_at=AT,
        by="admin",
        service="email",
        revision=1,
    )
    client = ClientOpened(client=Client(id="cl_1", name="Анна", opened_at=AT, opened_by="int_1"))
    async with served(hub.gateway) as url, listening(url, await hub.employee("odd")) as listener:
        await publish(hub, job, client, an_interaction(1))
        told = await listener.take(4, seconds=1.5)
    assert {each.event for each in told} == heard


async def test_a_listener_resumes_where_he_was_also_at_another_gateway(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    async with served(hub.gateway) as url, listening(url, operator) as listener:
        await publish(hub, *(an_interaction(n) for n in range(10)))
        before = await listener.take(5)
    await publish(hub, *(an_interaction(n) for n in range(10, 20)))
    other = world.build()
    await other.start()
    await publish(hub, *(an_interaction(n) for n in range(20, 30)))
    known = 30
    for gateway in (hub.gateway, other):
        async with served(gateway) as url, listening(url, operator, last_event_id=before[-1].id) as listener:
            after = await listener.take(known - 5)
            await publish(hub, an_interaction(known))
            extra = await listener.take(1)
        assert sorted(t.about for t in before + after) == sorted(f"int_{n}" for n in range(known))
        assert [t.about for t in extra] == [f"int_{known}"]
        known += 1
    await other.stop()


@pytest.mark.slow
async def test_nothing_is_missed_or_doubled_while_much_happens_and_the_listener_comes_and_goes(hub: Any) -> None:
    operator = await hub.employee("operator")
    heard: list[str] = []
    async with served(hub.gateway) as url:
        async with listening(url, operator) as listener:
            last = listener.last_id

        async def talk() -> None:
            for batch in range(60):
                await publish(hub, *(an_interaction(batch * 10 + n) for n in range(10)))

        talking = asyncio.create_task(talk())
        while len(heard) < 600:
            async with listening(url, operator, last_event_id=last) as listener:
                told = await listener.take(min(37, 600 - len(heard)))
            heard += [t.about for t in told]
            last = listener.last_id
            assert told
        await talking
    assert sorted(heard) == sorted(f"int_{n}" for n in range(600))


@pytest.mark.slow
async def test_a_listener_far_behind_the_memory_is_caught_up_from_the_bus(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    small = world.build(OMNIHUB_GATEWAY__LIVE_EVENTS="20")
    await small.start()
    async with served(small) as url:
        async with listening(url, operator) as listener:
            start = listener.last_id
        await publish(hub, *(an_interaction(n) for n in range(300)))
        await asyncio.sleep(0.3)
        async with listening(url, operator, last_event_id=start) as listener:
            told = await listener.take(300)
            await publish(hub, an_interaction(300))
            told += await listener.take(1)
    await small.stop()
    assert sorted(t.about for t in told) == sorted(f"int_{n}" for n in range(301))


@pytest.mark.slow
async def test_filters_choose_by_channel_chain_and_client(hub: Any) -> None:
    operator = await hub.employee("operator")
    client = Client(id="cl_9", name="Anna", opened_at=AT, opened_by="int_1")
    chain = Chain(id="ch_9", client_id="cl_9", opened_at=AT, opened_by="int_1", last_at=AT, last_id="int_1")
    events = [
        ClientOpened(client=client),
        ChainOpened(chain=chain),
        an_interaction(1, client_id="cl_9", chain_id="ch_9"),
        an_interaction(2, client_id="cl_9", chain_id="ch_8", channel="sms"),
        an_interaction(3),
    ]
    expected = {
        "?client_id=cl_9": ["ch_9", "cl_9", "int_1", "int_2"],
        "?chain_id=ch_9": ["ch_9", "int_1"],
        "?channel=sms": ["int_2"],
        "?channel=email&client_id=cl_9": ["int_1"],
    }
    async with served(hub.gateway) as url:
        async with listening(url, operator) as listener:
            start = listener.last_id
        await publish(hub, *events)
        for query, wanted in expected.items():
            async with listening(url, operator, query, last_event_id=start) as listener:
                told = await listener.take(len(wanted)) + await listener.take(1, seconds=0.5)
            assert sorted(t.about for t in told) == wanted, query


async def test_a_silent_stream_says_that_it_lives_and_moves_the_id_on(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    quick = world.build(OMNIHUB_GATEWAY__LIVE_HEARTBEAT="PT0.1S")
    await quick.start()
    async with served(quick) as url, listening(url, operator, "?channel=sms") as listener:
        first = listener.last_id
        await publish(hub, an_interaction(1))
        async with asyncio.timeout(PATIENCE):
            while listener.last_id == first:
                assert await listener.take(1, seconds=0.2) == []
    await quick.stop()


ENDS = [
    ("operator", "DELETE", "/sessions/current", None),
    ("admin", "PATCH", "/employees/operator", {"password": "battery-staple-8"}),
    ("admin", "PATCH", "/employees/operator", {"active": False}),
    ("admin", "DELETE", "/employees/operator", None),
    ("admin", "DELETE", "/employees/operator/sessions", None),
]


@pytest.mark.parametrize(("who", "method", "path", "body"), ENDS)
async def test_a_listener_whose_session_ends_is_told_and_cut_off_long_before_a_heartbeat(
    hub: Any, world: Any, who: str, method: str, path: str, body: Any
) -> None:
    operator = await hub.employee("operator")
    slow = world.build(OMNIHUB_GATEWAY__LIVE_HEARTBEAT="PT1H")
    await slow.start()
    async with served(slow) as url, listening(url, operator) as listener:
        answer = await (operator if who == "operator" else await hub.admin()).request(method, path, json=body)
        told = await listener.take(2)
    await slow.stop()
    assert (answer.is_success, [t.event for t in told]) == (True, ["logged_out"])


async def test_a_listener_whose_role_takes_a_second_factor_is_cut_off_where_it_is_removed(
    hub: Any, world: Any
) -> None:
    operator = await hub.employee("operator")
    parts = hub.gateway.http.state.parts
    secret = await parts.factors.begin("operator")
    session = (await operator.get("/sessions")).json()["items"][0]["id"]
    code = code_at(secret, int(hub.clock.now().timestamp()) // PERIOD)
    await parts.factors.confirm("operator", code, session=session)
    strict = world.build(OMNIHUB_GATEWAY__SECOND_FACTOR_ROLES="operator", OMNIHUB_GATEWAY__LIVE_HEARTBEAT="PT1H")
    await strict.start()
    async with served(strict) as url, listening(url, operator) as listener:
        await (await hub.admin()).delete("/employees/operator/second-factor")
        told = await listener.take(2)
    await strict.stop()
    assert [t.event for t in told] == ["logged_out"]


async def test_a_place_ahead_of_a_bus_that_is_away_is_not_waited_for_without_end(
    hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = await hub.employee("operator")
    live = hub.gateway.http.state.parts.live
    ahead = encode({place: offset + 5 for place, offset in (await live.place(None)).items()})
    monkeypatch.setattr("services.gateway.live.service._AHEAD_WAITS", 1)
    answer = await operator.get("/live", headers={"Last-Event-ID": ahead})
    assert answer.status_code == 503


async def test_a_listener_with_a_token_that_lacks_the_right_is_refused(hub: Any) -> None:
    operator = await hub.employee("operator")
    made = (await operator.post("/tokens", json={"name": "t", "rights": ["read_jobs"]})).json()
    assert (await hub.client(made["token"]).get("/live")).status_code == 403


async def test_a_listener_who_is_being_caught_up_is_cut_off_as_well(hub: Any, world: Any) -> None:
    small = world.build(OMNIHUB_GATEWAY__LIVE_EVENTS="5")
    await small.start()
    live = small.http.state.parts.live
    operator = await hub.employee("operator")
    mine = (await operator.get("/sessions")).json()["items"][0]["id"]
    begin = await live.place(None)
    count = sum(begin.values())
    await publish(hub, *(an_interaction(n) for n in range(900)))
    await eventually(lambda: live.place(None), lambda place: sum(place.values()) == count + 900)
    pieces = live.events(begin, About(), access_id=mine, who=lambda *_: EVERYBODY)
    await anext(pieces)
    await anext(pieces)
    await operator.delete("/sessions/current")
    await live.watch.look()
    rest = [piece async for piece in pieces]
    await small.stop()
    assert [piece.partition("\n")[0] for piece in rest] == ["event: logged_out"]


async def test_a_listener_who_does_not_read_is_cut_off_and_told_why(hub: Any, world: Any) -> None:
    small = world.build(OMNIHUB_GATEWAY__LIVE_EVENTS="5")
    await small.start()
    live = small.http.state.parts.live
    mine = (await (await hub.admin()).get("/sessions")).json()["items"][0]["id"]
    pieces = live.events(await live.place(None), About(), access_id=mine, who=lambda *_: EVERYBODY)
    await anext(pieces)
    await publish(hub, an_interaction(1))
    await anext(pieces)
    known = sum((await live.place(None)).values())
    await publish(hub, *(an_interaction(n) for n in range(2, 60)))
    await eventually(lambda: live.place(None), lambda place: sum(place.values()) == known + 58)
    rest = [piece async for piece in pieces]
    await small.stop()
    assert len(rest) == 1
    assert rest[0].startswith("event: cut_off\n")


async def test_the_connection_of_a_listener_who_does_not_read_is_aborted_for_the_bytes_that_wait(
    hub: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.live.waiting.PATIENCE", 100 * PATIENCE)
    operator = await hub.employee("operator")
    small = world.build(OMNIHUB_GATEWAY__LIVE_WAITING="65536")
    await small.start()
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    async with served(small) as url, listening(url, operator) as listener:
        stuck.connect(("127.0.0.1", int(url.partition(":")[2].partition(":")[2].partition("/")[0])))
        stuck.sendall(request_of(operator))
        for begin in range(0, 200, 10):
            await publish(hub, *(an_interaction(begin + n, text="x" * 100_000) for n in range(10)))
            assert len(await listener.take(10)) == 10
        await eventually(lambda: was_reset(stuck))
    stuck.close()
    await small.stop()


def was_reset(connection: socket.socket) -> bool:
    """Whether the other side has ended it, also with bytes that nobody has read."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def request_of(client: httpx.AsyncClient) -> bytes:
    return (
        f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n".encode()
    )


async def test_a_piece_is_bounded_in_bytes(hub: Any) -> None:
    live = hub.gateway.http.state.parts.live
    mine = (await (await hub.admin()).get("/sessions")).json()["items"][0]["id"]
    begin = await live.place(None)
    await publish(hub, *(an_interaction(n, text="x" * 20_000) for n in range(50)))
    await eventually(lambda: live.place(None), lambda place: sum(place.values()) == sum(begin.values()) + 50)
    sizes, told = [], 0
    pieces = live.events(begin, About(), access_id=mine, who=lambda *_: EVERYBODY)
    async for piece in pieces:
        sizes.append(len(piece))
        told += piece.count("event: interaction.linked.v1")
        if told == 50:
            break
    await pieces.aclose()
    assert max(sizes) < 2 * PIECE


async def test_a_stopping_gateway_says_goodbye(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    other = world.build()
    await other.start()
    async with served(other) as url, listening(url, operator) as listener:
        await other.stop()
        told = await listener.take(2)
    assert [t.event for t in told] == ["stopping"]


@pytest.mark.parametrize(
    "bad", ["nonsense", "i:1", "x:1;y:2", "i:" + ".".join(["0"] * 9), "i:-1", "i:99999999999999"]
)
async def test_an_id_that_is_not_of_this_stream_is_refused(hub: Any, bad: str) -> None:
    operator = await hub.employee("operator")
    async with served(hub.gateway) as url, httpx.AsyncClient(headers=operator.headers) as direct:
        request = direct.build_request("GET", f"{url}/live", headers={"Last-Event-ID": bad})
        answer = await direct.send(request, stream=True)
        assert answer.status_code == 422
        await answer.aread()
        assert list(answer.json()["errors"]) == ["Last-Event-ID"]


def test_a_place_survives_its_way_through_an_id() -> None:
    vector = ordered({place: number for number, place in enumerate(now_everywhere())})
    assert decode(encode(vector), vector) == vector


async def test_a_drained_gateway_lets_its_server_end_at_once(
    hub: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.process._SHUTDOWN_SECONDS", 10 * PATIENCE)
    operator = await hub.employee("operator")
    other = world.build()
    await other.start()
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as direct:
        async with served(other) as url:
            request = direct.build_request("GET", f"{url}/live", headers=operator.headers)
            answer = await direct.send(request, stream=True)
            await other.drain()
        told = await answer.aread()
    await other.stop()
    assert b"event: stopping\n" in told
