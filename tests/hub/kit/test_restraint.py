"""What keeps a hub from sending."""

from pathlib import Path

import pytest

from hub.kit.restraint import Restraint, hold, is_held, release


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_hub_is_held_while_the_file_is_there_and_looks_once_a_second(tmp_path: Path) -> None:
    seconds = Seconds()
    restraint = Restraint(tmp_path, seconds=seconds)
    found = [restraint.held]
    hold(tmp_path)
    found.append(restraint.held)
    seconds.now = 1.0
    found.append(restraint.held)
    release(tmp_path)
    seconds.now = 2.0
    found.append(restraint.held)
    assert found == [False, False, True, False]


def test_to_hold_and_to_release_twice_is_harmless(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    hold(folder)
    hold(folder)
    assert is_held(folder)
    release(folder)
    release(folder)
    assert not is_held(folder)


def test_the_setting_holds_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    assert Restraint(tmp_path, held=True).held


@pytest.mark.parametrize(
    ("endpoint", "reached"),
    [
        ("127.0.0.1:2525", True),
        ("localhost:2525", True),
        ("http://127.0.0.1:8901/bot", True),
        ("127.0.0.1:25", False),
        ("smtp.example.com:2525", False),
        ("https://api.telegram.org", False),
        ("127.0.0.1:port", False),
        ("", False),
    ],
)
def test_a_sandbox_reaches_its_simulators_alone(endpoint: str, reached: bool) -> None:
    sandbox, real = Restraint(sandbox=True), Restraint()
    for one in ("127.0.0.1:2525", "http://127.0.0.1:8901"):
        sandbox.simulated_at(one)
    assert (sandbox.may_reach(endpoint), real.may_reach(endpoint)) == (reached, True)


def test_no_simulator_is_elsewhere() -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        Restraint(sandbox=True).simulated_at("smtp.example.com:25")
