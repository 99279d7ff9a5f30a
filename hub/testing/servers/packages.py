"""Debian's packages for tests, installed where a machine is there for tests alone."""

import os
import shutil
import subprocess
from collections.abc import Callable


def missing(package: str, there: Callable[[], object], *, seconds: int) -> str | None:
    """Why what a package brings is not here, or nothing; it is installed within so many seconds where it may be."""
    if there():
        return None
    if not os.environ.get("CI") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"install {package} to run these"
    for arguments in (("update", "-q"), ("install", "-y", "-q", "--no-install-recommends", package)):
        if problem := _apt(arguments, package, seconds):
            return problem
    return None if there() else f"{package} was installed, and it is not there"


def _apt(arguments: tuple[str, ...], package: str, seconds: int) -> str | None:
    try:
        done = subprocess.run(
            ["apt-get", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get {arguments[0]} took longer than {seconds} s; install {package} yourself"
    if done.returncode:
        return f"apt-get {arguments[0]} failed; install {package} to run these: {done.stderr.strip()[-200:]}"
    return None
