"""The workspace as it is built, a hub with the demo's cast, and a browser."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.testing.processes import PASSWORD, ROOT, HubProcess, embedded
from hub.testing.servers.chromium import chromium, missing

SECONDS = 170
_SECONDS_TO_BUILD = 400
_BUILT = ROOT / "services/gateway/workspace/dist/index.html"


@pytest.fixture(scope="module")
def workspace() -> None:
    """Skips with the reason where it cannot be had."""
    if reason := missing():
        pytest.skip(f"{reason}: the workspace is not tried")
    command = ["make", "--no-print-directory", str(_BUILT.relative_to(ROOT))]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS_TO_BUILD, check=False, env=_as_a_person()
    )
    if built.returncode:
        told = f"{built.stdout}\n{built.stderr}".strip()
        if "npm error network" in told or "ENOTFOUND" in told or "npm: not found" in told:
            pytest.skip(f"npm's packages cannot be had, so that the workspace is not tried: {told[-300:]}")
        pytest.fail(told[-3000:])


@pytest.fixture(scope="module")
def cast(workspace: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with the demo's cast, whose letters are in."""
    folder: Path = tmp_path_factory.mktemp("pages")
    hub = embedded(folder / "hub", demo=True)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def shows(spec: str, hub: HubProcess) -> None:
    """Runs a spec in the browser; what it says is the failure."""
    environ = {**_as_a_person(), "HUB": hub.facts()["api"], "PASSWORD": PASSWORD, "CHROMIUM": chromium()}
    ran = subprocess.run(
        ["node", f"tests/{spec}.spec.mjs"],
        cwd=ROOT / "web",
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr[-3000:]}"


def _as_a_person() -> dict[str, str]:
    """Node of the machine, or the one in .venv; make without the flags of the make that runs the tests."""
    path = f"{os.environ['PATH']}:{ROOT / '.venv/bin'}"
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")} | {"PATH": path}
