"""README's commands work as they stand there: blocks marked `sh` are run, those `by hand` are understood."""

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli import parser
from hub.process import SERVICES
from hub.testing.processes import PASSWORD, ROOT, HubProcess, api, embedded
from hub.testing.waiting import PATIENCE, until

READMES = ("README.md", "README.ru.md")
PASSWORDS = ("PASSWORD FROM THE FIRST START", "ПАРОЛЬ ПЕРВОГО ЗАПУСКА")
PORT = "127.0.0.1:8800"
CLONED = ("Makefile", "requirements.txt", "hub", "services")


def blocks(readme: str, mark: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"^```{mark}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(readme: str) -> list[list[str]]:
    """What is called, word by word, without comments."""
    text = "".join(blocks(readme, "sh") + blocks(readme, "sh by hand")).replace("\\\n", " ")
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `make` leaves it, with the packages of these tests."""
    folder: Path = tmp_path_factory.mktemp("clone")
    for name in CLONED:
        (folder / name).symlink_to(ROOT / name)
    venv.create(folder / ".venv", symlinks=True)
    packages = next((folder / ".venv" / "lib").glob("python*/site-packages"))
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib"))
    (folder / ".venv" / ".requirements-installed").touch()
    made = subprocess.run(
        ["make", "--no-print-directory", "install"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def hub(clone: Path) -> Iterator[HubProcess]:
    """What `make run` starts, with a password that is known."""
    with embedded(clone / "data", demo=True) as running:
        with api(running.facts()["api"]) as client:
            until(lambda: client.all("/interactions", channel="email"))
        yield running


def run(script: str, *, at: Path) -> subprocess.CompletedProcess[str]:
    path = f"{at / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=at,
        env={**environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )


@pytest.mark.slow
def test_the_commands_work_as_they_stand_there(clone: Path, hub: HubProcess) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    script = "".join(blocks("README.md", "sh"))
    assert PORT in script
    script = script.replace(PASSWORDS[0], PASSWORD)
    done = run(script.replace(f"http://{PORT}", hub.facts()["api"]), at=clone)
    assert done.returncode == 0, done.stderr
    assert '"state":"green"' in done.stdout
    assert "restored is released" in done.stdout


def test_the_command_is_there_from_any_folder_after_make(clone: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [clone / ".venv" / "bin" / "omnihub", "--help"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: omnihub ")


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_the_hub_is_understood(readme: str) -> None:
    ours = [[word for word in words[1:] if word != "&"] for words in commands(readme) if words[0] == "omnihub"]
    served = [parser().parse_args(words).service for words in ours if words[0] == "serve"]
    assert sorted(served) == sorted(SERVICES)
    for words in ours:
        parser().parse_args(words)


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_make_is_on_its_menu(readme: str) -> None:
    menu = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {word for words in commands(readme) if words[0] == "make" for word in words[1:2]}
    assert asked
    assert asked <= menu


def test_both_pages_have_the_same_commands() -> None:
    english, russian = (commands(readme) for readme in READMES)
    same = {"Support": "Поддержка", PASSWORDS[0]: PASSWORDS[1]}

    def told(words: list[str]) -> str:
        text = " ".join(words)
        for here, there in same.items():
            text = text.replace(here, there)
        return text

    assert sorted(map(told, english)) == sorted(" ".join(words) for words in russian)


@pytest.mark.parametrize("readme", READMES)
def test_no_command_stands_outside_a_block(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert re.findall(r"^ {4}(?:make|curl|omnihub|docker|export|\.venv).*", text, re.MULTILINE) == []
    assert set(re.findall(r"^```(.+)$", text, re.MULTILINE)) == {"sh", "sh by hand"}
