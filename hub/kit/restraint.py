"""What keeps this hub from sending: it is a sandbox, or it is held since its data was restored."""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

HELD = "held"
"""While a file of this name is in the data folder, nothing is sent."""
_KEPT = 1.0
"""Seconds for which a look at the file is believed."""
_PORTS = {"http": 80, "https": 443, "smtp": 25}


def hold(folder: Path) -> None:
    """From within a second nothing is sent by the hub on this data folder; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HELD).touch()


def release(folder: Path) -> None:
    """What waits is sent from within a second; harmless when it was not held. Raises OSError."""
    (folder / HELD).unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    return (folder / HELD).exists()


class Restraint:
    """Asked before anything leaves; the services of one process share one."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        sandbox: bool = False,
        held: bool = False,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """`folder` is looked into for the file `held`; `held` holds whatever lies there."""
        self.sandbox = sandbox
        self._folder = folder
        self._held = held
        self._seconds = seconds
        self._looked: tuple[float, bool] | None = None
        self._simulators: set[tuple[str, int]] = set()

    @property
    def held(self) -> bool:
        """Nothing is sent, everything waits. What it says may be a second old."""
        if self._held or self._folder is None:
            return self._held
        now = self._seconds()
        if self._looked is None or now - self._looked[0] >= _KEPT:
            self._looked = (now, is_held(self._folder))
        return self._looked[1]

    def release(self) -> None:
        """What waits is sent from now on; what the settings hold stays held. Raises OSError."""
        if self._folder is not None:
            release(self._folder)
        self._looked = None

    def simulated_at(self, endpoint: str) -> None:
        """A simulator of this process listens there: `http://127.0.0.1:8901` or `127.0.0.1:2525`.

        Raises:
            ValueError: it is not on this machine.
        """
        where = _place(endpoint)
        if where is None or not _loopback(where[0]):
            raise ValueError(f"{endpoint} is not on this machine: a simulator listens on 127.0.0.1")
        self._simulators.add(where)

    def is_simulator(self, address: str, port: int) -> bool:
        """Whether a simulator of this process listens there."""
        return (address, port) in self._simulators

    def may_reach(self, endpoint: str) -> bool:
        """False: this is a sandbox, and no simulator of this process listens there."""
        return not self.sandbox or _place(endpoint) in self._simulators


def _place(endpoint: str) -> tuple[str, int] | None:
    """Host and port; none where it is no endpoint."""
    try:
        url = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
        host, port = url.hostname, url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    return ("127.0.0.1" if host == "localhost" else host, port) if host and port else None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
