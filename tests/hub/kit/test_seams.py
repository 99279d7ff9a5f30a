"""A process told to die at a seam dies there, by SIGKILL, at the n-th time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = """
from hub.kit.seams import seam
for number in range(5):
    seam("email.before_publish")
    print(number, flush=True)
    seam("email.after_publish", ("raw", str(number)))
"""


def run(told: str | None) -> tuple[int, str]:
    environ = {name: value for name, value in os.environ.items() if name != "OMNIHUB_SEAM"}
    if told is not None:
        environ["OMNIHUB_SEAM"] = told
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("told", "printed"),
    [
        ("email.after_publish", "0"),
        ("email.after_publish:3", "012"),
        ("email.after_publish.raw:2", "01"),
        ("email.after_publish.3", "0123"),
        ("email.before_publish", ""),
        ("email.before_publish:2", "0"),
    ],
)
def test_the_process_is_killed_at_the_named_instant(told: str, printed: str) -> None:
    assert run(told) == (-signal.SIGKILL, printed)


@pytest.mark.parametrize("told", [None, "", "email.elsewhere", "email.after_publish.9", "email.after_publish:6"])
def test_otherwise_a_seam_does_nothing(told: str | None) -> None:
    assert run(told) == (0, "01234")


@pytest.mark.parametrize("told", ["email.after_publish:x", "email.after_publish:0"])
def test_a_mistyped_seam_is_refused_at_start(told: str) -> None:
    assert run(told) == (1, "")
