"""The API does what its description says, tried by a program that has read only that."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.testing.processes import ROOT, Api, embedded

pytestmark = pytest.mark.slow
SECONDS = 600
NOT_CALLED = ("endSession", "endSessionOf", "endSessionsOf", "revokeToken", "revokeTokenOf", "revokeTokensOf")
"""They would end the session of the program itself."""


def test_every_operation_answers_as_described_whatever_is_sent(tmp_path: Path) -> None:
    with embedded(tmp_path / "hub") as hub:
        url = hub.facts()["api"]
        client = Api(url)
        client.get("/openapi.json")  # It is made once, and schemathesis waits ten seconds for it.
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(ROOT / "schemathesis.toml")),
            *("run", f"{url}/api/v1/openapi.json", "--url", url),
            *("--header", f"Authorization: Bearer {client.token}"),
            *("--checks", "all", "--phases", "examples,fuzzing", "--max-examples", "3", "--seed", "1"),
            *("--exclude-path-regex", "/live$|/me/password|/second-factor", "--continue-on-failure", "--no-color"),
            *(argument for name in NOT_CALLED for argument in ("--exclude-operation-id", name)),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
        client.close()
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested, done.stdout[-3_000:]
    assert int(tested[1]) > 90, done.stdout[-3_000:]
    told = "\n".join(line[:300] for line in done.stdout.partition("= WARNINGS =")[0].splitlines())
    assert done.returncode == 0, told[-10_000:]
