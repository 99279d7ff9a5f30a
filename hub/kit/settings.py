"""Typed settings: defaults that run on a laptop, then `omnihub.toml`, then `OMNIHUB_…` variables."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.kit.errors import ConfigurationError

S = TypeVar("S", bound="Settings")

_PREFIX = "OMNIHUB_"


class Settings(BaseModel):
    """One section of the settings file; unknown names are refused, so that a typing slip is found at start."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    SECTION: ClassVar[str]

    @classmethod
    def load(cls, source: "Source", **overrides: Any) -> Self:
        """The section with its overrides, strongest last: file, environment, `overrides` that are not None.

        Raises:
            ConfigurationError: names the setting and the fix.
        """
        given = {**source.section(cls.SECTION), **{k: v for k, v in overrides.items() if v is not None}}
        try:
            return cls.model_validate({name: cls._plain(name, value) for name, value in given.items()})
        except ValidationError as exc:
            # The causing error shows the input, which may be a password: it is not chained.
            raise ConfigurationError("settings: " + "; ".join(map(cls._describe, exc.errors()))) from None

    @classmethod
    def _plain(cls, name: str, value: Any) -> Any:
        """A value as the environment gives it, in the form the file would: lists `PT1M, PT5M`, durations `10`."""
        field = cls.model_fields.get(name)
        if field is None or not isinstance(value, str):
            return value
        if get_origin(field.annotation) in (list, tuple, set, frozenset):
            return [_seconds(part.strip(), field.annotation) for part in value.split(",")]
        return _seconds(value, field.annotation)

    @classmethod
    def _describe(cls, error: Any) -> str:
        name = ".".join(map(str, error["loc"]))
        problem = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            problem = _unknown(name, cls.model_fields)
        elif error["type"].startswith("time_delta"):
            problem = "not a duration; write seconds, or ISO 8601 as PT10S, PT5M, P2D"
        if not name:
            return f"[{cls.SECTION}]: {problem}"  # of several together, which it names itself
        return f"[{cls.SECTION}] {name} (or {_PREFIX}{cls.SECTION.upper()}__{name.upper()}): {problem}"


class Source:
    """Where settings come from: one TOML file and the environment (`OMNIHUB_EMAIL__POLL_INTERVAL=PT10S`)."""

    def __init__(self, file: Path | None = None, environ: Mapping[str, str] | None = None) -> None:
        """Raises ConfigurationError when the file cannot be read or is not TOML."""
        self._environ = dict(os.environ if environ is None else environ)
        self._file = _read(file) if file else {}

    def also(self, section: str, **settings: str) -> "Source":
        """The same with settings for what is not set otherwise."""
        made = Source(environ=self._environ)
        made._file = {**self._file, section: {**settings, **self._file.get(section, {})}}
        return made

    def section(self, name: str) -> dict[str, Any]:
        """What is set for a section; names in lower case."""
        prefix = f"{_PREFIX}{name.upper()}__"
        set_here = {
            key[len(prefix) :].lower(): value for key, value in self._environ.items() if key.startswith(prefix)
        }
        return {**self._file.get(name, {}), **set_here}

    def variable(self, name: str) -> str | None:
        """One environment variable as it is, for the few that stand outside the sections."""
        return self._environ.get(name)

    def refuse_unknown(self, sections: Iterable[str]) -> None:
        """Raises ConfigurationError when a section is set that is none of `sections`, as a typing slip would be."""
        known = list(sections)
        for name in self._sections():
            if name not in known:
                raise ConfigurationError(f"settings: [{name}]: {_unknown(name, known)}")

    def _sections(self) -> list[str]:
        variables = (key[len(_PREFIX) :] for key in self._environ if key.startswith(_PREFIX) and "__" in key)
        return [*self._file, *(variable.partition("__")[0].lower() for variable in variables)]


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigurationError(f"settings file {file}: {exc.strerror}; check the path") from exc
    except ValueError as exc:  # not UTF-8, or not TOML
        raise ConfigurationError(f"settings file {file} is not TOML: {exc}") from exc
    for name, section in content.items():
        if not isinstance(section, dict):
            raise ConfigurationError(f"settings file {file}: {name} stands outside a section; put it under [hub]")
    return content


def _seconds(text: str, annotation: Any) -> Any:
    """A bare number where a duration is wanted: pydantic takes it from the file, but not from text."""
    of_time = annotation is timedelta or timedelta in get_args(annotation)
    return float(text) if of_time and text.replace(".", "", 1).isdecimal() else text


def _unknown(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    return f"unknown; did you mean {close[0]}?" if close else f"unknown; there are {', '.join(names)}"
