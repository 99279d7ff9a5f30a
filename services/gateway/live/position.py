"""Where a listener is: the next offset of every partition, written as the id of an event."""

import re
from collections.abc import Iterable

from hub.bus.base import END, Position
from hub.contracts.topics import AGENTS, CHAINS, CLIENTS, INTERACTIONS, JOBS, NOTICES, RINGS, TASKS
from services.gateway.errors import BadEventId

Vector = dict[Position, int]
"""The offset of the next record, for each partition of the topics shown live, in the order of topic and partition."""

TOPICS = (INTERACTIONS, CHAINS, CLIENTS, JOBS, TASKS, NOTICES, RINGS, AGENTS)
NAMES = tuple(topic.name for topic in TOPICS)
_LETTERS = dict(zip("ihcjtnra", NAMES, strict=True))
_OF_TOPIC = {name: letter for letter, name in _LETTERS.items()}
_ID = re.compile(r"[ihcjtnra]:\d{1,18}(?:\.\d{1,18})*(?:;[ihcjtnra]:\d{1,18}(?:\.\d{1,18})*){0,7}")


def now_everywhere() -> Vector:
    """Every partition from its end."""
    return {(topic.name, partition): END for topic in TOPICS for partition in range(topic.partitions)}


def ordered(positions: Vector) -> Vector:
    """The same, in the order that `encode` relies on."""
    return dict(sorted(positions.items()))


def encode(vector: Vector) -> str:
    """`i:12.0.5;h:3.0.0;c:1.0.0;j:0.0.0;…`: a letter for each topic, then the offsets of its partitions in order."""
    return ";".join(f"{_OF_TOPIC[topic]}:{'.'.join(map(str, _offsets(vector, topic)))}" for topic in NAMES)


def decode(text: str, like: Vector) -> Vector:
    """The vector that `encode` wrote, with the partitions of `like`; one that is new since begins at 0.

    Raises:
        BadEventId: it is something else.
    """
    if not _ID.fullmatch(text):
        raise _bad()
    given: Vector = {}
    for part in text.split(";"):
        letter, _, offsets = part.partition(":")
        given |= {(_LETTERS[letter], n): int(offset) for n, offset in enumerate(offsets.split("."))}
    if not given.keys() <= like.keys():
        raise _bad()
    return {position: given.get(position, 0) for position in like}


def _bad() -> BadEventId:
    return BadEventId(fields={"Last-Event-ID": "not an id of this stream; connect without it to start from now"})


def _offsets(vector: Vector, topic: str) -> Iterable[int]:
    return (offset for position, offset in vector.items() if position[0] == topic)
