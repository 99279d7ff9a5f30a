"""A real browser for tests: Debian's Chromium, installed where a machine is there for tests alone."""

import os
import shutil
import subprocess
from functools import cache

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSTALL = (("update", "-q"), ("install", "-y", "-q", "--no-install-recommends", "chromium"))
_SECONDS_TO_INSTALL = 400


def chromium() -> str:
    """Where it is; ask `missing` first."""
    return next(path for name in _NAMES if (path := shutil.which(name)))


@cache
def missing() -> str | None:
    """Why Chromium cannot run here, or nothing."""
    if any(map(shutil.which, _NAMES)):
        return None
    if not os.environ.get("CI") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "install chromium to run these"
    return _install()


def _install() -> str | None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in _INSTALL:
        try:
            done = subprocess.run(
                ["apt-get", *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS_TO_INSTALL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"apt-get {arguments[0]} took longer than {_SECONDS_TO_INSTALL} s; install chromium yourself"
        if done.returncode:
            return f"apt-get {arguments[0]} failed; install chromium to run these: {done.stderr.strip()[-200:]}"
    return None if any(map(shutil.which, _NAMES)) else "chromium was installed, and there is none"
