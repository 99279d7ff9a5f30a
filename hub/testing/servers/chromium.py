"""A real browser for tests: Debian's Chromium."""

import shutil
from functools import cache

from hub.testing.servers import packages

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS_TO_INSTALL = 400


def chromium() -> str:
    """Where it is; ask `missing` first."""
    return next(path for name in _NAMES if (path := shutil.which(name)))


@cache
def missing() -> str | None:
    """Why Chromium cannot run here, or nothing."""
    return packages.missing("chromium", lambda: any(map(shutil.which, _NAMES)), seconds=_SECONDS_TO_INSTALL)
