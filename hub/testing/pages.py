"""The workspace in a real browser: built, served by a hub with the cast, and driven by the specs in `web/tests`.

As a program it takes pictures of every screen: `make screenshots`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.demo_calls import PLAYED as CALLED
from hub.demo_mailing import PLAYED as MAILED
from hub.testing.processes import PASSWORD, ROOT, HubProcess, embedded
from hub.testing.servers.chromium import chromium, missing

_SECONDS_TO_BUILD = 400
_SECONDS_TO_SHOW = 170
_BUILT = "services/gateway/workspace/dist/index.html"
_OUT_OF_REACH = ("npm error network", "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "npm: not found")


class NotBuilt(Exception):
    """The workspace cannot be built; the text is what make said."""


def unavailable() -> str | None:
    """Why the workspace cannot be shown here, or nothing: then it is built. Raises NotBuilt: the fault is ours."""
    if reason := missing():
        return reason
    made = subprocess.run(
        ["make", "--no-print-directory", _BUILT],
        cwd=ROOT,
        env=_as_a_person(),
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_BUILD,
        check=False,
    )
    told = f"{made.stdout}\n{made.stderr}".strip()
    if made.returncode and any(word in told for word in _OUT_OF_REACH):
        return f"npm's packages cannot be had: {told[-300:]}"
    if made.returncode:
        raise NotBuilt(told[-3000:])
    return None


@contextmanager
def with_cast(folder: Path) -> Iterator[HubProcess]:
    """A hub with the demo's cast; nobody is dialled or mailed: who is picked at random has written. Whoever has the
    role `guarded` needs a second factor.
    """
    state = folder / "simulators" / "mail"
    state.mkdir(parents=True)
    for played in (CALLED, MAILED):
        (state / played).touch()
    hub = embedded(folder, demo=True, OMNIHUB_GATEWAY__SECOND_FACTOR_ROLES="guarded")
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def show(script: str, hub: HubProcess, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of `web/tests` beside the hub."""
    here = {"HUB": hub.facts()["api"], "PASSWORD": PASSWORD, "CHROMIUM": chromium()}
    return subprocess.run(
        ["node", f"tests/{script}"],
        cwd=ROOT / "web",
        env={**_as_a_person(), **here, **environ},
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_SHOW,
        check=False,
    )


def _as_a_person() -> dict[str, str]:
    """Node of the machine, or the one in .venv; make without what the make that runs the tests hands down."""
    path = f"{os.environ['PATH']}:{ROOT / '.venv/bin'}"
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")} | {"PATH": path}


def main() -> int:
    """Pictures into `.cache/screenshots`."""
    if reason := unavailable():
        print(f"no pictures: {reason}")
        return 1
    target = ROOT / ".cache/screenshots"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, with_cast(Path(folder) / "hub") as hub:
        taken = show("screenshots.mjs", hub, TARGET=str(target))
    print(f"{taken.stdout}{taken.stderr}")
    return taken.returncode


if __name__ == "__main__":
    sys.exit(main())
