"""Other people's passwords at rest."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.kit.errors import ConfigurationError
from hub.kit.secrets import SecretBox, kept_token

ROOT = Path(__file__).parents[3]


def test_what_was_sealed_is_unsealed_after_a_restart(tmp_path: Path) -> None:
    sealed = SecretBox.open(tmp_path / "data" / "secret.key").seal("пароль")
    assert "пароль" not in sealed
    assert SecretBox.open(tmp_path / "data" / "secret.key").unseal(sealed) == "пароль"


def test_the_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    SecretBox.open(tmp_path / "secret.key")
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_the_same_text_is_sealed_differently_each_time(tmp_path: Path) -> None:
    box = SecretBox.open(tmp_path / "secret.key")
    assert box.seal("x") != box.seal("x")


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff" * 44])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a key file; restore it"):
        SecretBox.open(tmp_path / "secret.key")
    assert (tmp_path / "secret.key").read_bytes() == content


def test_a_folder_that_takes_no_key_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"key file .*secret\.key: File exists"):
        SecretBox.open(tmp_path / "file" / "secret.key")


@pytest.mark.parametrize("sealed", ["", "nonsense", "пароль"])
def test_what_was_sealed_otherwise_is_refused(tmp_path: Path, sealed: str) -> None:
    with pytest.raises(ConfigurationError, match="another key file"):
        SecretBox.open(tmp_path / "secret.key").unseal(sealed)


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    sealed = SecretBox.open(tmp_path / "one.key").seal("x")
    with pytest.raises(ConfigurationError, match="another key file"):
        SecretBox.open(tmp_path / "two.key").unseal(sealed)


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.kit.secrets import SecretBox;"
        "sys.stdin.readline(); print(SecretBox.open(Path(sys.argv[1])).seal('x'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "secret.key")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for process in started:
        process.stdin.write("now\n")
        process.stdin.flush()
    sealed = [process.communicate(timeout=60)[0].strip() for process in started]
    box = SecretBox.open(tmp_path / "secret.key")
    assert [box.unseal(text) for text in sealed] == ["x"] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_token_that_is_kept_in_a_file_is_made_once_and_read_by_all(tmp_path: Path) -> None:
    token = kept_token(tmp_path / "shared" / "token")
    assert len(token) == 64
    assert kept_token(tmp_path / "shared" / "token") == token
    assert (tmp_path / "shared" / "token").stat().st_mode & 0o777 == 0o600


def test_a_token_written_by_a_person_may_end_with_a_line_and_may_not_be_empty(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("long and random\n")
    assert kept_token(tmp_path / "token") == "long and random"
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigurationError, match=r"\[peers\] token_file .* is empty"):
        kept_token(tmp_path / "token")
    with pytest.raises(ConfigurationError, match=r"\[peers\] token_file .*check the path"):
        kept_token(tmp_path / "token" / "below")
