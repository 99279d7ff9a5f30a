"""Where settings come from, and what a slip is answered with."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ByteSize, Field, SecretStr

from hub.kit.errors import ConfigurationError
from hub.kit.settings import Settings, Source


class Example(Settings):
    SECTION: ClassVar[str] = "example"

    interval: timedelta = timedelta(seconds=10)
    delays: tuple[timedelta, ...] = (timedelta(minutes=1),)
    port: int = Field(default=25, ge=0, le=65535)
    folder: Path = Path("data")
    limit: ByteSize = ByteSize(1000)
    wanted: bool = False
    password: SecretStr | None = None
    pause: timedelta | None = None


def load(environ: dict[str, str] | None = None, file: Path | None = None, **overrides: object) -> Example:
    return Example.load(Source(file, environ or {}), **overrides)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "omnihub.toml"
    path.write_text('[example]\nport = 1\ninterval = 20\nfolder = "из файла"\n', encoding="utf-8")
    return path


def test_nothing_set_gives_the_defaults() -> None:
    assert load() == Example()


def test_the_file_is_weaker_than_the_environment_and_that_than_an_override(file: Path) -> None:
    environ = {"OMNIHUB_EXAMPLE__PORT": "2", "OMNIHUB_EXAMPLE__INTERVAL": "PT30S"}
    loaded = load(environ, file, port=3, folder=None)
    assert (loaded.folder, loaded.interval, loaded.port) == (Path("из файла"), timedelta(seconds=30), 3)


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT10S", 10), ("PT2M", 120), ("P1D", 86400), ("10", 10), ("1.5", 1.5), ("0", 0)]
)
def test_a_duration_in_the_environment_is_iso_8601_or_seconds(text: str, seconds: float) -> None:
    loaded = load({"OMNIHUB_EXAMPLE__INTERVAL": text, "OMNIHUB_EXAMPLE__PAUSE": text})
    assert loaded.interval == loaded.pause == timedelta(seconds=seconds)


def test_a_list_in_the_environment_is_parted_by_commas() -> None:
    loaded = load({"OMNIHUB_EXAMPLE__DELAYS": "PT1M, 5, PT1H"})
    assert loaded.delays == (timedelta(minutes=1), timedelta(seconds=5), timedelta(hours=1))


def test_text_in_the_environment_becomes_the_real_type() -> None:
    loaded = load(
        {
            "OMNIHUB_EXAMPLE__PORT": "1025",
            "OMNIHUB_EXAMPLE__LIMIT": "2 MiB",
            "OMNIHUB_EXAMPLE__WANTED": "yes",
            "OMNIHUB_EXAMPLE__FOLDER": "/srv/hub",
        }
    )
    assert loaded == Example(port=1025, limit=ByteSize(2 << 20), wanted=True, folder=Path("/srv/hub"))


def test_other_variables_are_not_looked_at() -> None:
    assert load({"PORT": "1", "OMNIHUB_OTHER__PORT": "2", "OMNIHUB_EXAMPLE_PORT": "3", "OMNIHUB_SEAM": "x"}) == load()


def test_a_mistyped_name_is_refused_with_the_right_one() -> None:
    with pytest.raises(ConfigurationError, match=r"\[example\] intervall .*unknown; did you mean interval\?"):
        load({"OMNIHUB_EXAMPLE__INTERVALL": "PT10S"})


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="unknown; there are delays, folder, interval"):
        load({"OMNIHUB_EXAMPLE__QQ": "1"})


def test_a_wrong_duration_is_refused_with_the_fix() -> None:
    with pytest.raises(ConfigurationError, match=r"OMNIHUB_EXAMPLE__INTERVAL\): not a duration; write sec"):
        load({"OMNIHUB_EXAMPLE__INTERVAL": "10s"})


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({"OMNIHUB_EXAMPLE__PORT": "70000", "OMNIHUB_EXAMPLE__WANTED": "perhaps"})
    assert "[example] port" in str(caught.value)
    assert "[example] wanted" in str(caught.value)


def test_a_refused_password_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(password=["hunter2"])
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_password_is_not_shown_by_its_settings() -> None:
    loaded = load({"OMNIHUB_EXAMPLE__PASSWORD": "hunter2"})
    assert "hunter2" not in repr(loaded)
    assert loaded.password is not None
    assert loaded.password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[example\n", "is not TOML: .*line 1"),
        (b"[example]\nname = '\xff'\n", "is not TOML"),
        (b"example = 3\n", "example stands outside a section"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        Source(path, {})
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.toml: No such file or directory; check the path"):
        Source(tmp_path / "gone.toml", {})


def test_a_mistyped_section_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "omnihub.toml"
    path.write_text("[emial]\n")
    with pytest.raises(ConfigurationError, match=r"\[emial\]: unknown; did you mean email\?"):
        Source(path, {}).refuse_unknown(["hub", "email"])
    with pytest.raises(ConfigurationError, match=r"\[gatway\]: unknown; did you mean gateway\?"):
        Source(None, {"OMNIHUB_GATWAY__X": "1"}).refuse_unknown(["hub", "gateway"])


def test_known_sections_and_plain_variables_are_accepted() -> None:
    environ = {"OMNIHUB_HUB__PORT": "1", "OMNIHUB_ADMIN_PASSWORD": "x", "OMNIHUB_SEAM": "a.b"}
    source = Source(None, environ)
    source.refuse_unknown(["hub"])
    assert source.variable("OMNIHUB_SEAM") == "a.b"
    assert source.variable("OMNIHUB_OTHER") is None
