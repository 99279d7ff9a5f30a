"""Does with a caller at an Asterisk what his line's flow says, command by command."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.telephony.agi.words import Answer, CommandRefused, HungUp
from services.telephony.exchanges.models import AmiInput
from services.telephony.flow.models import Flow
from services.telephony.flow.steps import (
    QUEUE,
    RECORDED,
    Act,
    Ask,
    HangUp,
    Record,
    Ring,
    Say,
    SayPlace,
    Wait,
)
from services.telephony.phones.ringing import channel_of

_KEY_SECONDS = 8.0
_QUICK, _SPOKEN = 15.0, 600.0
"""Seconds for an answer to what is done at once, and to what is played."""
_LONGEST = 43_200.0
"""Of a conversation."""
_SILENT = 4_000
"""Samples of 8,000 a second: a message that is shorter is none."""
_ANSWERED = "ANSWER"
_HANDED = "tTg"
"""Options of Dial: both may hand on; and when our phone hangs up it is told here, else the caller, who is there yet,
would fall into the lines of the dialplan behind ours.
"""
_SPOKEN_AT_ONCE = 1_500
"""Bytes of a text: short enough for one command, with application and quotes."""


class Asks(Protocol):
    """The channel of one caller."""

    async def ask(self, *words: str, patience: float) -> Answer:
        """Raises HungUp, and CommandRefused."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """How a step ended, for the flow to go on."""

    step: str
    key: str = ""
    answered: bool = False


Noted = Callable[[str], Awaitable[None]]
"""Notes the file of a message, before it is there: who has spoken hangs up. An empty name takes it back."""


class Session:
    """One caller."""

    def __init__(self, asks: Asks, given: AmiInput, flow: Flow, *, call: str, noted: Noted) -> None:
        """`call` is the channel's unique id."""
        self._asks = asks
        self._given = given
        self._sounds: Mapping[str, str] = {str(name): file for name, file in flow.sounds.items()}
        self._call = call
        self._noted = noted
        self._answered = self._music = self._recorded = False

    async def perform(self, acts: Sequence[Act]) -> Done | None:
        """The end of the last of them; none where nothing follows. Raises HungUp, and CommandRefused."""
        done: Done | None = None
        for act in acts:
            done = await self._act(act)
        return done

    async def _act(self, act: Act) -> Done | None:
        match act:
            case Say():
                await self._say(act, "")
                return None
            case Ask(text, keys, step):
                return Done(step, await self._key(Say(text, "menu"), keys))
            case Wait():
                return Done(QUEUE, await self._waits(act))
            case Ring():
                return Done(act.step, answered=await self._ring(act))
            case Record(seconds):
                await self._record(seconds)
                return Done(RECORDED)
            case HangUp():
                await self._asks.ask("HANGUP", patience=_QUICK)
                return None

    async def _key(self, said: Say, keys: str) -> str:
        pressed = await self._say(said, keys)
        return pressed or await self._listen(_KEY_SECONDS)

    async def _waits(self, act: Wait) -> str:
        for one in act.said:
            if pressed := await self._say(one, act.key):
                return pressed
        await self._plays(act.music)
        return await self._listen(act.seconds)

    async def _listen(self, seconds: float) -> str:
        milliseconds = str(int(seconds * 1000))
        return (await self._do("WAIT", "FOR", "DIGIT", milliseconds, patience=seconds + _QUICK)).key

    async def _say(self, said: Say | SayPlace, keys: str) -> str:
        """A key that cut it short; what nobody recorded and nobody speaks here is left out."""
        await self._answer()
        await self._silence()
        if file := self._sounds.get("queue" if isinstance(said, SayPlace) else said.spoken):
            return await self._play(file, keys)
        if self._given.speak:
            for piece in _pieces(said.text):
                await self._execute(_spoken(self._given.speak, piece))
            return ""
        return await self._counted(said, keys) if isinstance(said, SayPlace) else ""

    async def _counted(self, place: SayPlace, keys: str) -> str:
        """With the sounds that every Asterisk has for its own queues."""
        first = (
            ["queue-youarenext"] if place.position == 1 else ["queue-thereare", place.position, "queue-callswaiting"]
        )
        wait = ["queue-holdtime", place.minutes, "queue-minutes"] if place.minutes else []
        for one in [*first, *wait]:
            played = await self._play(one, keys) if isinstance(one, str) else await self._number(one, keys)
            if played:
                return played
        return ""

    async def _number(self, number: object, keys: str) -> str:
        return (await self._do("SAY", "NUMBER", str(number), keys, patience=_SPOKEN)).key

    async def _play(self, file: str, keys: str) -> str:
        return (await self._do("STREAM", "FILE", file, keys, patience=_SPOKEN)).key

    async def _ring(self, act: Ring) -> bool:
        await self._silence()
        if act.recorded and not self._recorded:
            self._recorded = True
            await self._execute(f"MixMonitor,{self._given.spool}/hub-{self._call}.wav,b")
        phones = "&".join(channel_of(self._given, phone) for _, phone in act.targets)
        await self._execute(f"Dial,{phones},{act.seconds},{_HANDED}", patience=_LONGEST)
        status = await self._do("GET", "VARIABLE", "DIALSTATUS", patience=_QUICK)
        return status.data == _ANSWERED

    async def _record(self, seconds: int) -> None:
        name = f"{self._given.spool}/hub-{self._call}"
        await self._answer()
        await self._noted(f"{name}.wav")
        limit = str(seconds * 1000)
        answer = await self._asks.ask("RECORD", "FILE", name, "wav", "#", limit, "BEEP", patience=seconds + _QUICK)
        if answer.samples < _SILENT:
            await self._noted("")

    async def _answer(self) -> None:
        """Before anything is said, and not before: who is rung for at once hears it ring."""
        if not self._answered:
            self._answered = True
            await self._do("ANSWER", patience=_QUICK)

    async def _plays(self, music: str) -> None:
        if music and not music.startswith("https:") and not self._music:
            self._music = True
            await self._do("SET", "MUSIC", "ON", music, patience=_QUICK)

    async def _silence(self) -> None:
        if self._music:
            self._music = False
            await self._do("SET", "MUSIC", "OFF", patience=_QUICK)

    async def _execute(self, text: str, *, patience: float = _SPOKEN) -> None:
        """An application of the dialplan, `Name,arguments`."""
        name, _, arguments = text.partition(",")
        answer = await self._do("EXEC", name, arguments, patience=patience)
        if answer.result == "-2":
            raise CommandRefused(f"there is no application {name}")

    async def _do(self, *words: str, patience: float) -> Answer:
        answer = await self._asks.ask(*words, patience=patience)
        if answer.result == "-1":
            raise HungUp(f"at {words[0]}")
        return answer


def _pieces(text: str) -> list[str]:
    """The words of a text in order, as many of them together as one command takes."""
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".lstrip()
        if len(longer.encode()) <= _SPOKEN_AT_ONCE:
            found[-1] = longer
        else:
            found.append(word.encode()[:_SPOKEN_AT_ONCE].decode(errors="ignore"))
    return [piece for piece in found if piece]


def _spoken(template: str, text: str) -> str:
    """The application with the text as its argument: what would end that, or mean something else, is a space. A comma
    does where the template does not quote it.
    """
    parts = '"$\\{}()&|;`' + ("" if '"{text}"' in template else ",")
    return template.replace("{text}", "".join(" " if letter in parts else letter for letter in text))
