"""The workspace's client: its types are those of the API, and it talks to a hub that runs."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.testing.processes import PASSWORD, ROOT, embedded

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("web")]
SECONDS = 300
FLAGS = ("--default-non-nullable", "false")
"""As `npm run api` gives them."""
USE = """
import { hub, Refused } from "./api/client";

const url = process.argv[2]!;
const login = await hub(url).POST("/api/v1/sessions", { body: { login: "admin", password: process.argv[3]! } });
const api = hub(url, login.data!.token);
const team = await api.POST("/api/v1/teams", { body: { name: "Поддержка" } });
const listed = await api.GET("/api/v1/teams");
const chains = await api.GET("/api/v1/chains", { params: { query: { limit: 5, owner: "admin" } } });
let refused: Refused | undefined;
try {
  await api.POST("/api/v1/teams", { body: { name: "поддержка" } });
} catch (error) {
  refused = error as Refused;
}
console.log(JSON.stringify({
  made: team.data!.name,
  teams: listed.data!.items.map((each) => each.name),
  chains: chains.data!.items.length,
  refused: [refused!.problem.status, Object.keys(refused!.problem.errors ?? {})],
}));
"""
WRONG = """
import { hub } from "./api/client";

await hub().GET("/api/v1/chains", { params: { query: { ownr: "admin" } } });
await hub().POST("/api/v1/teams", { body: { title: "Поддержка" } });
await hub().GET("/api/v1/chians");
"""


def ran(*command: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with its packages."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: the workspace's client is not tried")
    folder = tmp_path_factory.mktemp("web") / "web"
    shutil.copytree(ROOT / "web", folder, ignore=shutil.ignore_patterns("node_modules", "openapi.json"))
    installed = ran("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", at=folder)
    if installed.returncode:
        pytest.skip(f"npm cannot get the packages of web/: {installed.stderr.strip()[-300:]}")
    return folder


def test_the_types_are_those_of_the_api_as_it_is(web: Path) -> None:
    document = subprocess.run(
        [str(ROOT / ".venv/bin/python"), "-m", "hub", "openapi"],
        cwd=ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    (web / "openapi.json").write_bytes(document.stdout)
    made = ran("npx", "--no-install", "openapi-typescript", "openapi.json", *FLAGS, "--output", "made.d.ts", at=web)
    assert made.returncode == 0, made.stderr
    assert (web / "made.d.ts").read_text() == (ROOT / "web/src/api/schema.d.ts").read_text(), "run `make api`"


def test_it_asks_a_hub_that_runs_and_says_why_something_is_refused(web: Path, tmp_path: Path) -> None:
    (web / "src/use.ts").write_text(f"declare const process: {{ argv: string[] }};\n{USE}")
    options = (
        "--noEmit",
        "false",
        "--outDir",
        "out",
        "--rootDir",
        "src",
        "--module",
        "ESNext",
        "--moduleResolution",
        "Bundler",
    )
    built = ran("npx", "--no-install", "tsc", *options, at=web)
    assert built.returncode == 0, built.stdout
    client = (web / "out/use.js").read_text().replace("./api/client", "./api/client.js")
    (web / "out/use.js").write_text(client)
    with embedded(tmp_path / "hub") as hub:
        used = ran("node", "out/use.js", hub.facts()["api"], PASSWORD, at=web)
    assert used.returncode == 0, used.stderr
    assert json.loads(used.stdout) == {
        "made": "Поддержка",
        "teams": ["Поддержка"],
        "chains": 0,
        "refused": [409, ["name"]],
    }


def test_a_misspelt_path_parameter_or_field_is_a_type_error(web: Path) -> None:
    (web / "src/use.ts").unlink(missing_ok=True)
    (web / "src/wrong.ts").write_text(WRONG)
    checked = ran("npx", "--no-install", "tsc", "--noEmit", at=web)
    (web / "src/wrong.ts").unlink()
    lines = {
        line.split("(")[1].split(",")[0] for line in checked.stdout.splitlines() if line.startswith("src/wrong.ts")
    }
    assert lines == {"4", "5", "6"}
