"""The processes that read strangers' words, shared by all tests of one pytest process."""

from hub.kit.apart import Apart

SHARED = Apart(processes=2)
"""Ended by a fixture of `hub.testing.fixtures`."""
