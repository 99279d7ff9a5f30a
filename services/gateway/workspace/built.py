"""What `make web` built: the page and its files, each also compressed beside itself."""

import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_CODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Best first, and how the files of each end."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    path: Path
    media_type: str
    coding: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Encoding": self.coding} if self.coding else {}

    @property
    def tag(self) -> str:
        """Changes with each build."""
        told = self.path.stat()
        return f'"{told.st_mtime_ns:x}-{told.st_size:x}"'


@dataclass(frozen=True, slots=True)
class Built:
    """A folder; it is looked at with every question, so that a build shows without a restart."""

    folder: Path

    def page(self, accepted: str) -> BuiltFile | None:
        return _found(self.folder / "index.html", accepted)

    def worker(self) -> BuiltFile | None:
        """What tells of notifications while no page is open."""
        return _found(self.folder / "sw.js", "")

    def file(self, name: str, accepted: str) -> BuiltFile | None:
        """None for what was not built, and for names that lead elsewhere."""
        return _found(self.folder / "assets" / name, accepted) if _NAME.match(name) else None


def _found(path: Path, accepted: str) -> BuiltFile | None:
    media_type = _TYPES.get(path.suffix)
    if media_type is None or not path.is_file():
        return None
    codings = {word.split(";")[0].strip() for word in accepted.split(",") if ";q=0" not in word.replace(" ", "")}
    for coding, ending in _CODINGS:
        compressed = path.with_name(path.name + ending)
        if coding in codings and compressed.is_file():
            return BuiltFile(compressed, media_type, coding)
    return BuiltFile(path, media_type)
