"""The shared library of the hub: contracts, bus, store, channel kit. It never imports `services`."""

__version__ = "0.1.0"
