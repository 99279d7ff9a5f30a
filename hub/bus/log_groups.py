"""Who reads the embedded log and how far, told from its file beside a hub that may be running."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.bus.journal import Slot, State, load
from hub.kit.errors import BusUnavailable


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """How far a group has come in the topics that it has committed in."""

    name: str
    """On the bus: `GROUP.TOPIC`."""
    behind: int
    """Records that are kept for it."""
    committed_at: datetime | None
    """Of its last commit; none where that was before the log noted it."""


def group_places(file: Path) -> list[GroupPlace]:
    """By name.

    Raises:
        BusUnavailable: the file cannot be read.
    """
    state = State()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            load(connection, state)
    except sqlite3.Error as exc:
        raise BusUnavailable(f"the log {file} cannot be read: {exc}") from exc
    names = sorted({name for name, _ in state.committed})
    return [GroupPlace(name, _behind(state, name), _moment(state.commits.get(name))) for name in names]


def _behind(state: State, group: str) -> int:
    return sum(
        slot.next - max(state.committed.get((group, slot.id), slot.first), slot.first)
        for slots in state.topics.values()
        if _reads(state, group, slots)
        for slot in slots
    )


def _reads(state: State, group: str, slots: Iterable[Slot]) -> bool:
    """A group of the topic counts for its new partitions too."""
    return any((group, slot.id) in state.committed for slot in slots)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
