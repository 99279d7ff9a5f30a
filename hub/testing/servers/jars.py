"""Fetches the Java servers of the tests, once, with Maven, into a folder that git ignores."""

import fcntl
import re
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_KEPT = _HERE.parents[2] / ".cache" / "jars"
_OLDEST_JAVA = 17
_SECONDS_TO_FETCH = 600


class Missing(Exception):
    """The server cannot run on this machine; the message says why."""


def missing(name: str) -> str | None:
    """Why the server cannot run here, or nothing; fetches it if need be."""
    try:
        jars(name)
    except Missing as exc:
        return str(exc)
    return None


@cache
def jars(name: str) -> str:
    """The Java class path of `NAME_jars/pom.xml`.

    Raises:
        Missing: no Java, no Maven, or the fetch failed.
    """
    _check_java()
    pom = _HERE / f"{name}_jars" / "pom.xml"
    folder = _KEPT / f"{name}-{sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        with (_KEPT / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _fetch(pom, folder)
    return f"{folder}/*"


@cache
def _check_java() -> None:
    if shutil.which("java") is None:
        raise Missing(f"no Java on this machine (install version {_OLDEST_JAVA} or newer)")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise Missing(f"Java is too old (install version {_OLDEST_JAVA} or newer): {told.splitlines()[:1]}")


def _fetch(pom: Path, folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise Missing("no Maven on this machine (install it, or the tests on real servers are skipped)")
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={draft}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_TO_FETCH, check=False)
    except subprocess.TimeoutExpired as exc:
        raise Missing(f"Maven did not fetch the server within {_SECONDS_TO_FETCH} s") from exc
    if done.returncode:
        raise Missing(f"Maven could not fetch the server: {_first_error(done.stdout)}")
    draft.rename(folder)


def _first_error(output: str) -> str:
    return next((line for line in output.splitlines() if "ERROR" in line), "it said nothing")
