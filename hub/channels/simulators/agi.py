"""A caller of the simulated Asterisk whom its dialplan hands over by FastAGI: `AGI(agi://host:port/script,arguments)`.

Says and does what a real one does: the head, each command's answer (510, 511, 520), HANGUP when the caller is gone,
and beside it the events of the manager interface.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from hub.channels.simulators.asterisk import AsteriskSimulator, Phone

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_DEAD = ("GET VARIABLE", "SET VARIABLE", "CHANNEL STATUS", "HANGUP", "VERBOSE")
"""What may be asked for of somebody who hung up."""
_USAGE = (
    "520-Invalid command syntax.  Proper usage follows:\nUsage: see the documentation\n520 End of proper usage.\n"
)
_RATE = 8_000
_LONGEST = 2_046
"""Bytes of a command without its end; what is longer is read as two, and each is answered."""
Handler = Callable[[list[str]], Awaitable[str]]


@dataclass(slots=True)
class AgiCaller:
    """`await AgiCaller(pbx, port=4573, script="ex_1", arguments=("secret",)).calls("+7916…")`."""

    pbx: AsteriskSimulator
    port: int
    script: str
    arguments: Sequence[str] = ()
    host: str = "127.0.0.1"
    keys: list[str] = field(default_factory=list)
    """What he presses, one for each time that he is waited for; empty: none."""
    patience: int = 1_000
    """After being waited for so often without a key he hangs up."""
    waits: float = 0.02
    """Seconds that he is waited for, in place of those of the command."""
    speaks: float = 3.0
    """Seconds of his message."""
    applications: Sequence[str] = ("Dial", "MixMonitor", "Speech")
    said: list[str] = field(default_factory=list)
    """What he heard: texts of the application `Speech`, `[file]`, numbers."""
    asked: list[str] = field(default_factory=list)
    """Commands, as they came."""
    rung: list[str] = field(default_factory=list)
    """Extensions."""
    variables: dict[str, str] = field(default_factory=dict)
    up: bool = False
    gone: bool = False
    records: bool = False
    name: str = ""
    _told: bool = False

    async def calls(self, number: str, *, line: str = "74950000100", name: str = "") -> "AgiCaller":
        """From the ring to the end of his call; what the dialplan does behind AGI is to hang up."""
        self.name = self.pbx.exchange.arrives(number, line)
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            self._ends()
            return self
        try:
            writer.write(self._head(number, line, name).encode())
            while line_in := await reader.readline():
                writer.write((await self._answer(line_in.decode().rstrip("\n"))).encode())
        except OSError:
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._ends()
        return self

    def hangs_up(self) -> None:
        """At once, whatever is done with him."""
        if not self.gone:
            self.gone = True
            self.pbx.exchange.hangs_up(self.name)

    def _ends(self) -> None:
        if not self.gone:
            self.gone = True
            self.pbx.exchange.ends(self.name)

    def _head(self, number: str, line: str, name: str) -> str:
        told = {
            "network": "yes",
            "network_script": self.script,
            "request": f"agi://{self.host}:{self.port}/{self.script}",
            "channel": self.name,
            "language": "en",
            "type": "PJSIP",
            "uniqueid": self.pbx.exchange.uid(self.name),
            "version": "20.9.0",
            "callerid": number or "unknown",
            "calleridname": name or "unknown",
            "dnid": line,
            "rdnis": "unknown",
            "context": "from-trunk",
            "extension": line,
            "priority": "1",
            "enhanced": "0.0",
            "accountcode": "",
        }
        told |= {f"arg_{place}": word for place, word in zip(count(1), self.arguments, strict=False)}
        return "".join(f"agi_{key}: {value}\n" for key, value in told.items()) + "\n"

    async def _answer(self, text: str) -> str:
        self.asked.append(text)
        if len(text.encode()) > _LONGEST:
            return "510 Invalid or unknown command\n" * 2
        words = [quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted or not bare else bare
                 for quoted, bare in _WORD.findall(text)]  # fmt: skip
        name, handler, most = next(
            (
                one
                for one in self._commands()
                if [word.upper() for word in words[: len(one[0].split())]] == one[0].split()
            ),
            ("", None, 0),
        )
        if handler is None:
            return "510 Invalid or unknown command\n"
        arguments = words[len(name.split()) :]
        if self.gone and name not in _DEAD:
            return self._hung_up() + "511 Command Not Permitted on a dead channel or intercept routine\n"
        if len(arguments) < most:
            return _USAGE
        answer = await handler(arguments)
        return self._hung_up() + f"200 result={answer}\n"

    def _hung_up(self) -> str:
        """Said once, when it is noticed."""
        if not self.gone or self._told:
            return ""
        self._told = True
        return "HANGUP\n"

    def _commands(self) -> list[tuple[str, Handler, int]]:
        """By name, with the arguments that each needs."""
        return [
            ("ANSWER", self._answers, 0),
            ("CHANNEL STATUS", self._status, 0),
            ("EXEC", self._executes, 1),
            ("GET VARIABLE", self._variable, 1),
            ("HANGUP", self._hangup, 0),
            ("RECORD FILE", self._record, 4),
            ("SAY NUMBER", self._number, 2),
            ("SET MUSIC", self._nothing, 1),
            ("SET VARIABLE", self._set, 2),
            ("STREAM FILE", self._stream, 2),
            ("WAIT FOR DIGIT", self._digit, 1),
        ]

    async def _nothing(self, _: list[str]) -> str:
        return "0"

    async def _answers(self, _: list[str]) -> str:
        if not self.up:
            self.up = True
            self.pbx.exchange.up(self.name)
        return "0"

    async def _status(self, _: list[str]) -> str:
        return "6" if self.up else "4"

    async def _variable(self, arguments: list[str]) -> str:
        value = self.variables.get(arguments[0])
        return "0" if value is None else f"1 ({value})"

    async def _set(self, arguments: list[str]) -> str:
        self.variables[arguments[0]] = arguments[1]
        return "1"

    async def _stream(self, arguments: list[str]) -> str:
        self.said.append(f"[{arguments[0]}]")
        return f"{self._pressed(arguments[1])} endpos={_RATE}"

    async def _number(self, arguments: list[str]) -> str:
        self.said.append(arguments[0])
        return self._pressed(arguments[1])

    def _pressed(self, keys: str) -> str:
        """While something is played he presses nothing that does not cut it short."""
        return str(ord(self.keys.pop(0))) if self.keys and self.keys[0] and self.keys[0] in keys else "0"

    async def _digit(self, _: list[str]) -> str:
        key = self.keys.pop(0) if self.keys else ""
        if key:
            return str(ord(key))
        await asyncio.sleep(self.waits)
        self.patience -= 1
        if self.patience < 0:
            self.hangs_up()
        return "-1" if self.gone else "0"

    async def _record(self, arguments: list[str]) -> str:
        self.pbx.recorded.add(f"{arguments[0].rsplit('/', 1)[-1]}.{arguments[1]}")
        await asyncio.sleep(self.waits)
        self.hangs_up()
        return f"-1 (hangup) endpos={int(self.speaks * _RATE)}"

    async def _hangup(self, _: list[str]) -> str:
        self._ends()
        return "1"

    async def _executes(self, arguments: list[str]) -> str:
        name, given = arguments[0], (arguments[1:] or [""])[0]
        if name not in self.applications:
            return "-2"
        if name == "Speech":
            self.said.append(given.strip('"'))
        if name == "MixMonitor":
            self.records = True
            self.variables["MIXMONITOR_FILENAME"] = given.split(",")[0]
        return await self._dials(given) if name == "Dial" else "0"

    async def _dials(self, given: str) -> str:
        """All of them at once; the first of those who answer has him. After the conversation it tells -1 though he is
        there, unless it was told to go on then (`g`).
        """
        exchange, numbers = self.pbx.exchange, [one.partition("/")[2] for one in given.split(",")[0].split("&")]
        legs = {number: exchange.rings(number, by=self.name) for number in numbers}
        self.rung += numbers
        phones = {number: self.pbx.phones.get(number, Phone()) for number in numbers}
        takers = sorted((phone.after, number) for number, phone in phones.items() if phone.answers)
        await asyncio.sleep(takers[0][0] if takers else self.waits)
        taker = takers[0][1] if takers and not self.gone else None
        for number, leg in legs.items():
            if number != taker:
                exchange.refuses(leg, by=self.name, status="CANCEL" if taker else phones[number].status)
        if taker is None:
            self.variables["DIALSTATUS"] = "CANCEL" if self.gone else "NOANSWER"
            return "-1" if self.gone else "0"
        await self._talks(legs[taker], phones[taker])
        goes_on = "g" in given.split(",")[2] and not self.gone
        return "0" if goes_on else "-1"

    async def _talks(self, leg: str, phone: Phone) -> None:
        exchange = self.pbx.exchange
        self.up = True
        exchange.answers(leg, by=self.name, bridge=f"b-{leg}")
        if self.records:
            file = self.variables["MIXMONITOR_FILENAME"]
            self.pbx.recorded.add(file.rsplit("/", 1)[-1])
            exchange.of("VarSet", self.name, Variable="MIXMONITOR_FILENAME", Value=file)
        await asyncio.sleep(phone.talks)
        self.variables["DIALSTATUS"] = "ANSWER"
        exchange.ends(leg)
