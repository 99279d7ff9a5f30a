"""A simulated Asterisk on a real socket: its manager interface, its phones, and what can go wrong."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count
from typing import Self

from hub.channels.simulators.exchange import Exchange
from hub.channels.simulators.place import HERE, Place

_GREETING = b"Asterisk Call Manager/11.0.0\r\n"
_LOGIN_PAUSE = 0.05
_HOLDS = 30.0
"""Seconds that somebody waits whom nobody speaks with."""
Action = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AsteriskFault:
    """What becomes of the next Originate."""

    message: str = ""
    """It is refused with these words."""
    cut: bool = False
    """The connection ends without an answer."""
    accepted: bool = False
    """Although it is begun."""


@dataclass(slots=True)
class Phone:
    """How a phone, or a number outside, behaves."""

    answers: bool = True
    after: float = 0.0
    """Seconds of ringing."""
    talks: float = 0.1
    """Seconds until it hangs up."""
    status: str = "NOANSWER"
    """Of one that does not answer: NOANSWER, BUSY, CANCEL."""
    machine: bool = False
    """An answering machine takes it."""


class LiveExchange(Exchange):
    """Speaks as things happen, by the clock of the machine, to whoever listens; knows who is there."""

    def __init__(self, simulator: "AsteriskSimulator") -> None:
        super().__init__()
        self._simulator = simulator
        self.alive: dict[str, float] = {}

    def says(self, kind: str, **fields: object) -> None:
        self.now = time.time()
        super().says(kind, **fields)
        self._simulator.broadcast(self.said.pop())

    def of(self, kind: str, name: str, **fields: object) -> None:
        if kind == "Newchannel":
            self.alive[name] = time.time()
        super().of(kind, name, **fields)
        if kind == "Hangup":
            self.alive.pop(name, None)

    def listing(self, name: str) -> dict[str, str]:
        """A row of CoreShowChannels."""
        seconds = int(time.time() - self.alive[name])
        lived = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return {**self._of[name], "BridgeId": self._in.get(name, ""), "Duration": lived}

    def company(self, name: str) -> str | None:
        """Whoever else is in the bridge of a channel."""
        bridge = self._in.get(name)
        return next((other for other, at in self._in.items() if other != name and at == bridge), None)

    def is_bridged(self, name: str) -> bool:
        return name in self._in

    def dialled_as(self, name: str) -> str:
        return self._of[name].get("DialString", "").partition("@")[0]

    def named(self, uid: str) -> str | None:
        """The living channel of an id, or of a name."""
        return next((name for name in self.alive if uid in (name, self._of[name]["Uniqueid"])), None)


@dataclass(eq=False, slots=True)
class _Client:
    """One connection."""

    writer: asyncio.StreamWriter
    listens: bool = False
    challenge: str = ""
    actions: list[Action] = field(default_factory=list)

    def write(self, content: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(content)


class AsteriskSimulator:
    """`async with AsteriskSimulator("hub", "secret") as pbx: name = pbx.exchange.arrives("+7495…")`."""

    def __init__(
        self,
        user: str,
        secret: str,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        challenges: bool = True,
        place: Place = HERE,
    ) -> None:
        """`challenges`: whether it knows how to log in by a challenge."""
        self.user, self.secret = user, secret
        self.exchange = LiveExchange(self)
        self.phones: dict[str, Phone] = {}
        """By extension or number; one that is not there answers at once."""
        self.strangers: Callable[[str], Phone] = lambda _: Phone()
        """How those outside behave who are dialled by themselves and are not in `phones`."""
        self.line = "74950000100"
        """Our number, that is shown to whom is called."""
        self.faults: list[AsteriskFault] = []
        self.revoked = False
        self.down = False
        self.asked: list[Action] = []
        """Every Originate that was begun."""
        self.messages: set[str] = set()
        """Extensions that play something and hang up."""
        self.played: list[str] = []
        """Numbers that such an extension was played to."""
        self.answered: list[str] = []
        """Numbers outside that were rung, in order."""
        self.logins = 0
        self.records = False
        """Whether calls that are answered are recorded."""
        self.recorded: set[str] = set()
        """Names of the files."""
        self._challenges = challenges
        self._tls = tls
        self._port = port
        self._place = place
        self._clients: set[_Client] = set()
        self._numbers = count(1)
        self._server: asyncio.Server | None = None
        self._stories: set[asyncio.Task[None]] = set()
        self._booted = time.time()
        self._later: list[Callable[[], object]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._place.listen, self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for story in list(self._stories):
            story.cancel()
        self.cut()
        if self._server:
            self._server.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._server.wait_closed()
            self._server = None

    @property
    def port(self) -> int:
        return self._port

    def broadcast(self, content: bytes) -> None:
        """To everybody who is logged in and wants events; who is not there has missed it."""
        for client in list(self._clients):
            if client.listens:
                client.write(content)

    def replay(self, raw: bytes) -> None:
        """Says what was recorded, as one stream."""
        self.broadcast(raw)

    def soon(self, speak: Callable[[], object]) -> None:
        """What happens once somebody listens; at once, if somebody does."""
        if any(client.listens for client in self._clients):
            speak()
        else:
            self._later.append(speak)

    def cut(self) -> None:
        """Ends all connections."""
        for client in list(self._clients):
            if client.writer.transport:
                client.writer.transport.abort()

    def restart(self) -> None:
        """As `core restart now`: everything is gone, and nothing is said of it."""
        self.cut()
        self.exchange.alive.clear()
        self._booted = time.time()

    def begin(self, story: "asyncio.Future[None]") -> None:
        """Runs a story beside."""
        task = asyncio.ensure_future(story)
        assert isinstance(task, asyncio.Task)
        self._stories.add(task)
        task.add_done_callback(self._stories.discard)

    async def customer_calls(
        self, number: str, *, line: str = "74950000100", rings: Sequence[str] = ("101",), patience: float = 0.1
    ) -> None:
        """A customer calls a line; the phones ring one after another until one answers, or he gives up."""
        exchange = self.exchange
        customer = exchange.arrives(number, line)
        for extension in rings:
            phone = self.phones.get(extension, Phone())
            leg = exchange.rings(extension, by=customer)
            if phone.answers and phone.after <= patience:
                await asyncio.sleep(phone.after)
                exchange.answers(leg, by=customer, bridge=f"b-{next(self._numbers)}")
                self._record(customer)
                await asyncio.sleep(phone.talks)
                exchange.hangs_up(customer)
                exchange.ends(leg)
                return
            await asyncio.sleep(patience)
            exchange.refuses(leg, by=customer, status=phone.status)
        exchange.hangs_up(customer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        self._clients.add(client)
        try:
            if self.down:
                return
            client.write(_GREETING)
            while action := await _action(reader):
                await self._act(client, action)
        except (OSError, EOFError):
            pass
        finally:
            self._clients.discard(client)
            writer.close()

    async def _act(self, client: _Client, action: Action) -> None:
        name = action.get("Action", "")
        known = {
            "challenge": self._challenge,
            "login": self._login,
            "coreshowchannels": self._channels,
            "originate": self._originate,
            "hangup": self._hangup,
            "redirect": self._redirect,
            "blindtransfer": self._transfer,
            "atxfer": self._transfer,
            "logoff": self._logoff,
        }
        if name.lower() not in ("challenge", "login") and not client.listens and name.lower() != "logoff":
            _answer(client, action, "Error", "Permission denied")
            return
        handler = known.get(name.lower())
        if handler:
            await handler(client, action)
        else:
            _answer(client, action, "Success", "Pong" if name == "Ping" else "Thanks")

    async def _challenge(self, client: _Client, action: Action) -> None:
        if not self._challenges:
            _answer(client, action, "Error", "Must specify AuthType")
            return
        client.challenge = str(next(self._numbers) + 100_000)
        _answer(client, action, "Success", Challenge=client.challenge)

    async def _login(self, client: _Client, action: Action) -> None:
        key = md5(f"{client.challenge}{self.secret}".encode(), usedforsecurity=False).hexdigest()
        right = action.get("Key") == key if "Key" in action else action.get("Secret") == self.secret
        if self.revoked or action.get("Username") != self.user or not right:
            await asyncio.sleep(_LOGIN_PAUSE)
            _answer(client, action, "Error", "Authentication failed")
            client.writer.close()
            return
        self.logins += 1
        _answer(client, action, "Success", "Authentication accepted")
        if action.get("Events", "on") != "off":
            client.listens = True
            client.write(_event("FullyBooted", Status="Fully Booted", Uptime=str(int(time.time() - self._booted))))

    async def _channels(self, client: _Client, action: Action) -> None:
        _answer(client, action, "Success", "Channels will follow", EventList="start")
        action_id = action.get("ActionID", "")
        rows = [self.exchange.listing(name) for name in self.exchange.alive]
        later, self._later = self._later, []
        for speak in later:
            speak()
        for row in rows:
            client.write(_event("CoreShowChannel", ActionID=action_id, **row))
        client.write(
            _event("CoreShowChannelsComplete", ActionID=action_id, EventList="Complete", ListItems=str(len(rows)))
        )

    async def _originate(self, client: _Client, action: Action) -> None:
        fault = self.faults.pop(0) if self.faults else AsteriskFault()
        if fault.message:
            _answer(client, action, "Error", fault.message)
            return
        if not fault.cut or fault.accepted:
            self.asked.append(action)
            story = self._connect(action) if "Exten" in action else self._dial_out(action)
            self.begin(asyncio.ensure_future(story))
        if fault.cut:
            client.writer.transport.abort()
            return
        _answer(client, action, "Success", "Originate successfully queued")

    async def _connect(self, action: Action) -> None:
        """Rings the operator, then whom he wants."""
        exchange, extension = self.exchange, action["Channel"].partition("/")[2].partition("@")[0]
        uid, number = action.get("ChannelId", ""), action["Exten"]
        await asyncio.sleep(0)
        if uid and exchange.named(uid):
            self._originated(action, "Failure", "0")
            return
        phone = self.phones.get(extension, Phone())
        leg = exchange.rings(extension, uid=uid)
        self._set_variables(leg, action)
        await asyncio.sleep(phone.after)
        if not phone.answers:
            exchange.says("DialEnd", DestUniqueid=exchange.uid(leg), DestChannel=leg, DialStatus=phone.status)
            exchange.ends(leg)
            self._originated(action, "Failure", "0")
            return
        exchange.up(leg)
        self._originated(action, "Success", "4", leg)
        await self._reach(leg, number)

    def _set_variables(self, channel: str, action: Action) -> None:
        for variable in action.get("Variable", "").split(","):
            name, _, value = variable.partition("=")
            self.exchange.of("VarSet", channel, Variable=name, Value=value)

    async def _reach(self, leg: str, number: str) -> None:
        exchange = self.exchange
        self.answered.append(number)
        customer = self.phones.get(number, Phone())
        out = exchange.rings_outside(number, by=leg)
        await asyncio.sleep(customer.after)
        if customer.answers:
            exchange.answers(out, by=leg, bridge=f"b-{next(self._numbers)}")
            self._record(leg)
            await asyncio.sleep(customer.talks)
            exchange.hangs_up(out)
        else:
            exchange.refuses(out, by=leg, status=customer.status)
        exchange.ends(leg)

    async def _dial_out(self, action: Action) -> None:
        """Rings somebody outside by himself; who answers waits until he is put through, or hangs up."""
        exchange, dialled = self.exchange, action["Channel"].partition("/")[2]
        number, uid = dialled.partition("@")[0], action.get("ChannelId", "")
        await asyncio.sleep(0)
        if uid and exchange.named(uid):
            self._originated(action, "Failure", "0")
            return
        customer = self._outside(number)
        self.answered.append(number)
        name = exchange.rings_alone(number, uid=uid)
        self._set_variables(name, action)
        await asyncio.sleep(customer.after)
        if not customer.answers:
            exchange.says("DialEnd", DestUniqueid=exchange.uid(name), DestChannel=name, DialStatus=customer.status)
            exchange.ends(name, cause=17 if customer.status == "BUSY" else 0)
            self._originated(action, "Failure", "5" if customer.status == "BUSY" else "3")
            return
        exchange.up(name)
        self._originated(action, "Success", "4", name)
        if customer.machine:
            exchange.of("VarSet", name, Variable="AMDSTATUS", Value="MACHINE")
        await asyncio.sleep(_HOLDS)
        if name in exchange.alive and not exchange.is_bridged(name):
            exchange.hangs_up(name)

    def _outside(self, number: str) -> Phone:
        return self.phones.get(number) or self.phones.get(f"+{number}") or self.strangers(number)

    def _record(self, channel: str) -> None:
        if self.records:
            name = f"{self.exchange.uid(channel).replace('/', '-')}.wav"
            self.recorded.add(name)
            file = f"/var/spool/asterisk/monitor/{name}"
            self.exchange.of("VarSet", channel, Variable="MIXMONITOR_FILENAME", Value=file)

    def _originated(self, action: Action, response: str, reason: str, channel: str = "") -> None:
        self.exchange.says(
            "OriginateResponse",
            ActionID=action.get("ActionID", ""),
            Response=response,
            Channel=channel or action["Channel"],
            Context=action.get("Context", ""),
            Exten=action.get("Exten", ""),
            Reason=reason,
            Uniqueid=self.exchange.uid(channel) if channel else action.get("ChannelId", ""),
        )

    async def _hangup(self, client: _Client, action: Action) -> None:
        name = self.exchange.named(action.get("Channel", ""))
        if name is None:
            _answer(client, action, "Error", "No such channel")
            return
        _answer(client, action, "Success", "Channel Hungup")
        self.exchange.ends(name)

    async def _redirect(self, client: _Client, action: Action) -> None:
        """The channel goes on with another extension."""
        name = self.exchange.named(action.get("Channel", ""))
        if name is None:
            _answer(client, action, "Error", "No such channel")
            return
        _answer(client, action, "Success", "Redirect successful")
        self.begin(asyncio.ensure_future(self._goes_on(name, action["Exten"])))

    async def _transfer(self, client: _Client, action: Action) -> None:
        """Whoever is bridged with this channel goes on with another extension; it is ours that is named."""
        exchange = self.exchange
        name = exchange.named(action.get("Channel", ""))
        other = exchange.company(name) if name else None
        if name is None or other is None:
            _answer(client, action, "Error", "Transfer failed")
            return
        _answer(client, action, "Success", "Transfer succeeded")
        about = {"TransfererUniqueid": exchange.uid(name), "TransfereeUniqueid": exchange.uid(other)}
        exchange.says("BlindTransfer", Result="Success", Extension=action["Exten"], **about)
        exchange.ends(name)
        self.begin(asyncio.ensure_future(self._goes_on(other, action["Exten"])))

    async def _goes_on(self, name: str, extension: str) -> None:
        exchange = self.exchange
        await asyncio.sleep(0)
        if exchange.is_bridged(name):
            exchange.leaves(name)
        if extension in self.messages:
            self.played.append(exchange.dialled_as(name))
            exchange.ends(name)
            return
        leg = exchange.rings(extension, by=name)
        phone = self.phones.get(extension, Phone())
        await asyncio.sleep(phone.after)
        taken = phone.answers and name in exchange.alive
        if taken:
            exchange.answers(leg, by=name, bridge=f"b-{next(self._numbers)}")
            self._record(name)
            await asyncio.sleep(phone.talks)
        if name in exchange.alive:
            # Where nobody took it the dialplan is over: nobody hung up.
            (exchange.hangs_up if taken else exchange.ends)(name)
        exchange.ends(leg)

    async def _logoff(self, client: _Client, action: Action) -> None:
        _answer(client, action, "Goodbye", "Thanks for all the fish.")
        client.writer.close()


async def _action(reader: asyncio.StreamReader) -> dict[str, str]:
    """The next action; `Variable` may come several times. Nothing at the end."""
    found: dict[str, str] = {}
    while True:
        line = await reader.readline()
        if not line:
            return {}
        if line in (b"\r\n", b"\n"):
            if found:
                return found
            continue
        key, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        value = value.strip()
        found[key] = f"{found[key]},{value}" if key == "Variable" and key in found else value


def _answer(client: _Client, action: Action, response: str, message: str = "", **fields: str) -> None:
    told = {"Response": response, "ActionID": action.get("ActionID", ""), **fields, "Message": message}
    client.write("".join(f"{key}: {value}\r\n" for key, value in told.items() if value).encode() + b"\r\n")


def _event(kind: str, **fields: str) -> bytes:
    told = {"Event": kind, **fields}
    return ("".join(f"{key}: {value}\r\n" for key, value in told.items()) + "\r\n").encode()
