"""Folding what an exchange says into calls: bytes read, events made, calls told as they change."""

import re
import time
from itertools import count
from pathlib import Path

from hub.testing.asterisk import Exchange
from services.telephony.ami.calls import fold
from services.telephony.ami.events import Event
from services.telephony.ami.listening import Listener
from services.telephony.ami.tracker import Calls

NAME = "telephony_fold"
GOAL = "more than 5,000 messages of the manager interface a second, told live, on one core"

_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "asterisk"
_CALLS, _PIECE, _SIZE = 3_000, 16_384, 20_000_000
_CHANNEL = re.compile(rb"\b(\d{10})\.(\d+)\b|\b(hub-req-)")
_BRIDGE = re.compile(rb"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-)")


async def run() -> dict[str, float | str]:
    """Messages a second of processor time. The stream is recordings of a real exchange, repeated with other ids."""
    stream, source = _stream()
    messages = stream.count(b"\r\n\r\n")
    read = _seconds_read(stream)
    events = Listener().hear(stream, 0.0)
    told, live = _seconds_live(stream)
    return {
        "messages": messages,
        "messages read a second": round(messages / read),
        "messages a second, told live": round(messages / live),
        "calls told": told,
        "events folded at once a second": round(len(events) / _seconds_folded(events)),
        "of": source,
    }


def _seconds_read(stream: bytes) -> float:
    began = time.process_time()
    listener = Listener()
    for place in range(0, len(stream), _PIECE):
        listener.hear(stream[place : place + _PIECE], 0.0)
    return time.process_time() - began


def _seconds_live(stream: bytes) -> tuple[int, float]:
    """In pieces as a socket under load gives them, each taken at once; a hundred of them are a second."""
    listener, calls, told = Listener(), Calls(), set[str]()
    began = time.process_time()
    for number, place in enumerate(range(0, len(stream), _PIECE)):
        events = listener.hear(stream[place : place + _PIECE], number * 0.01)
        told |= {call.id for call in calls.take(events) if call.complete}
    return len(told), time.process_time() - began


def _seconds_folded(events: list[Event]) -> float:
    began = time.process_time()
    fold(events)
    return time.process_time() - began


def _stream() -> tuple[bytes, str]:
    recorded = [_bytes(path) for path in sorted(_FOLDER.glob("*.ami")) if "login" not in path.name]
    if not recorded:
        return _written(), "calls written for this"
    pieces: list[bytes] = []
    for turn in count(1):
        pieces += [_renamed(one, turn) for one in recorded]
        if sum(len(piece) for piece in pieces) > _SIZE:
            break
    return b"".join(pieces), f"{len(recorded)} recordings, repeated"


def _renamed(stream: bytes, turn: int) -> bytes:
    """The same calls with other channels and bridges."""

    def channel(found: re.Match[bytes]) -> bytes:
        if found[3]:
            return b"%s%d-" % (found[3], turn)
        return b"%d.%s" % (int(found[1]) + turn * 10_000, found[2])

    return _BRIDGE.sub(lambda _: b"%08x" % turn, _CHANNEL.sub(channel, stream))


def _bytes(path: Path) -> bytes:
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(
        line for line in lines if not line.startswith((b"# ", b"> ", b"Asterisk Call Manager", b"Timestamp: "))
    )


def _written() -> bytes:
    exchange = Exchange()
    for number in range(_CALLS):
        customer = exchange.arrives(f"+7495{number:07}")
        phone = exchange.rings("101", by=customer)
        exchange.after(0.2)
        exchange.answers(phone, by=customer, bridge=f"b{number}")
        exchange.after(0.2)
        exchange.hangs_up(customer)
        exchange.ends(phone)
    return exchange.stream
