"""Where the simulators are: what they listen on, and what they are called by whoever looks for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Beside others of their kind they are on this machine alone; in a container they are where its name leads."""

    listen: str = "127.0.0.1"
    """An address of this machine; 0.0.0.0: all."""
    name: str = "127.0.0.1"
    """The host that addresses of theirs have."""
    first_port: int = 0
    """Of the ports in a row; 0: those of the last time, or any that are free."""


HERE = Place()
