"""What an Asterisk would write on its manager interface, for tests; see `hub.channels.simulators.exchange`."""

from hub.channels.simulators.exchange import Exchange

__all__ = ["Exchange"]
