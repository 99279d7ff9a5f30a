"""Whether the files of a data folder belong together: no store may be older than what its groups have committed."""

from collections.abc import Collection
from pathlib import Path

from hub.bus.log import Log as EventLog
from hub.kit.errors import ConfigurationError
from hub.kit.log import Log
from hub.kit.sqlite import restore_of
from hub.store.sqlite import writes_in

BUS = "bus"
log = Log(__name__)


def check_bus(file: Path, services: Collection[str], *, accepted: Collection[str]) -> None:
    """Before the log is opened, which would make a new one.

    Raises:
        ConfigurationError: it is lost; what was in it would never come.
    """
    stores = [name for name in services if writes_in(file.parent / f"{name}.sqlite")]
    if stores and not file.exists() and BUS not in accepted:
        raise ConfigurationError(
            f"{file} is missing beside the stores of {', '.join(sorted(stores))}; {_fix(file, BUS)}"
        )


async def check_stores(data: Path, bus: EventLog, *, accepted: Collection[str]) -> None:
    """Before the stores are opened, which would make new ones.

    Raises:
        ConfigurationError: one of them lost what the bus would not bring again.
    """
    for name, noted in bus.stores().items():
        path = data / f"{name}.sqlite"
        found = writes_in(path)
        # Of one whose loss was accepted nothing is noted any more, also where its service has not run since.
        if (found or 0) >= noted:
            continue
        if name not in accepted:
            what = "is missing" if found is None else f"is older than the bus: {found} of {noted} writes"
            raise ConfigurationError(f"{path} {what}; {_fix(path, name)}")
        log.warning("store.loss_accepted", store=name, writes=found or 0, noted=noted)
        await bus.note_stores({name: found or 0})


def _fix(path: Path, name: str) -> str:
    return f"{restore_of(path)}; or start it once with OMNIHUB_HUB__ACCEPT_LOSS={name} to go on without what is lost"
