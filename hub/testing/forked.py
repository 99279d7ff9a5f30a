"""A hub in a process forked from one that has loaded its code: as real as any, without the seconds of loading."""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.process import SERVICES

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["hub.cli", "hub.running", "hub.bus.kafka", "hub.store.mongo", "services.messaging.adapters.telegram",
     "services.messaging.adapters.twilio", *(f"services.{name}.app" for name in SERVICES)]
)  # fmt: skip


class ForkedHub:
    """`omnihub ARGUMENTS`, with what `ServerProcess` needs of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], *, output: Path, environ: Mapping[str, str]) -> None:
        self._process = _FORKS.Process(target=_run, args=(list(arguments), output, dict(environ)))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (code := self.returncode) is None:
            raise subprocess.TimeoutExpired("omnihub", timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], output: Path, environ: dict[str, str]) -> None:
    """Here as a process begins: its own output, folder, environment and signals."""
    with output.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(output.parent)
    os.environ.update(environ)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seams = sys.modules.get("hub.kit.seams")
    if seams is not None:
        importlib.reload(seams)  # it reads its variable when it is loaded
    from hub.cli import main

    main(arguments)
