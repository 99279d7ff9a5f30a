"""Simulators of the tests listen on this machine, which accounts may name by a setting alone."""

from hub.kit.outside import Outside

LOOPBACK = ("127.0.0.0/8", "::1/128")
OPEN = {"OMNIHUB_HUB__ALLOWED_NETWORKS": ",".join(LOOPBACK)}
"""For the environment of a hub."""
HERE = Outside(LOOPBACK)
"""For an adapter that is tested alone."""
