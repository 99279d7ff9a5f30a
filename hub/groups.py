"""The consumer groups of an embedded hub, for the commands of a person."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hub.bus.log import Log
from hub.bus.log_groups import GroupPlace, group_places
from hub.kit.errors import ConfigurationError
from hub.process import LOG_FILE, data_folder


def lines(data: Path, now: datetime) -> Iterator[str]:
    """One for each group: name, records kept for it, age of its last commit. A hub may run meanwhile.

    Raises:
        ConfigurationError: there is no log in this folder.
    """
    for place in group_places(_file(data)):
        yield f"{place.name}\t{place.behind} records behind\t{_age(place, now)}"


def forget(data: Path, group: str) -> None:
    """Nothing is kept for the group any more.

    Raises:
        ConfigurationError: there is no log in this folder, or a hub runs on it.
        NotFound: it has no such group.
    """
    file = _file(data)
    with data_folder(data):
        asyncio.run(_forget(file, group))


async def _forget(file: Path, group: str) -> None:
    log = Log(file)
    await log.open()
    try:
        await log.forget_group(group)
    finally:
        await log.close()


def _file(data: Path) -> Path:
    file = data / LOG_FILE
    if not file.is_file():
        raise ConfigurationError(f"{data} holds no log of a hub; name its data folder with --data")
    return file


def _age(place: GroupPlace, now: datetime) -> str:
    if place.committed_at is None:
        return "last commit not known"
    age = timedelta(seconds=max(0, int((now - place.committed_at).total_seconds())))
    return f"last commit {age} ago"
