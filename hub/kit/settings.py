"""Typed settings: defaults that run on a laptop, then `omnihub.toml`, then `OMNIHUB_…` variables."""

import os
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.kit.errors import ConfigurationError

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """One section of the settings file; unknown names are refused, so that a typing slip is found at start."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    SECTION: ClassVar[str]

    @classmethod
    def load(cls, source: "Source", **overrides: Any) -> Self:
        """The section with its overrides, strongest last: file, environment, `overrides` that are not None.

        Raises:
            ConfigurationError: names the setting and the fix.
        """
        given = {**source.section(cls.SECTION), **{k: v for k, v in overrides.items() if v is not None}}
        try:
            return cls.model_validate(given)
        except ValidationError as exc:
            problems = "; ".join(f"[{cls.SECTION}] {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
            raise ConfigurationError(f"settings: {problems}") from exc


class Source:
    """Where settings come from: one TOML file and the environment (`OMNIHUB_EMAIL__POLL_INTERVAL=PT10S`)."""

    def __init__(self, file: Path | None = None, environ: dict[str, str] | None = None) -> None:
        self._environ = dict(os.environ) if environ is None else environ
        try:
            self._file = tomllib.loads(file.read_text()) if file else {}
        except (OSError, tomllib.TOMLDecodeError) as exc:
            raise ConfigurationError(f"settings file {file}: {exc}") from exc

    def section(self, name: str) -> dict[str, Any]:
        """What is set for a section; names in lower case."""
        prefix = f"OMNIHUB_{name.upper()}__"
        set_here = {
            key[len(prefix) :].lower(): value for key, value in self._environ.items() if key.startswith(prefix)
        }
        return {**self._file.get(name, {}), **set_here}
