"""Backup and restore of the embedded footing: stores, log, blobs and key in one file, taken while the hub runs.

The cut is one instant over all databases: every one of them is locked against writing, a reader is opened on each,
and the locks are let go, within milliseconds. What is copied afterwards, at leisure, is what those readers see. Blobs
are copied last: whatever a database names was written before it was named.

A restored hub is held: it receives, but sends and fires nothing until a person releases it (`hub.kit.restraint`).
"""

import contextlib
import hashlib
import os
import re
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

import obstore
import orjson
from obstore.store import S3Store

from hub.kit.clock import iso
from hub.kit.errors import ConfigurationError
from hub.kit.restraint import hold

FORMAT = 1
"""Of the file; a newer one is refused."""
MANIFEST = "manifest.json"
_LOCK_SECONDS = 2.0
"""A database that is locked for longer by somebody else makes us let go of the others, and try again."""
_TRIES = 10
_PAGES = 4096
"""Copied between two signs of progress."""
_KEPT = ("secret.key", "version")
_NAME = re.compile(r"(?:[A-Za-z0-9_-]+\.sqlite|secret\.key|version|blobs/[A-Za-z0-9_=+@.,:/-]+)")
_CHUNK = 1024 * 1024

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds."""

    files: int
    """Blobs among them."""
    size: int
    """Bytes, unpacked."""
    taken_at: str


def _silent(_words: str) -> None:
    """Nobody watches."""


def backup(data: Path, target: str, *, progress: Progress = _silent) -> Summary:
    """Writes all of the data folder to `target`, a file or `s3://BUCKET/KEY`, whole or not at all.

    The file holds the key that opens the accounts' passwords: keep it as you keep those. Beside the target it takes
    room for the largest database once more.

    Raises:
        ConfigurationError: there is no hub's data, or the target cannot be written.
    """
    databases = [path for path in sorted(data.glob("*.sqlite")) if _may_be_kept(path.name, progress)]
    if not (data / "version").is_file() or not databases:
        raise ConfigurationError(f"{data} holds no hub's data; name its folder with --data")
    if not target.startswith("s3://"):
        return _to_file(data, databases, Path(target), progress)
    with tempfile.TemporaryDirectory(prefix="omnihub-backup-") as folder:
        file = Path(folder) / "backup.tar"
        summary = _to_file(data, databases, file, progress)
        progress(f"uploading {file.stat().st_size:,} bytes")
        _upload(file, target)
        return summary


def _to_file(data: Path, databases: list[Path], target: Path, progress: Progress) -> Summary:
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            summary = _write(data, databases, file, progress)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        _sync_folder(target.parent)
    except OSError as exc:
        raise ConfigurationError(f"{target} cannot be written: {exc.strerror}") from exc
    finally:
        draft.unlink(missing_ok=True)
    return summary


def _write(data: Path, databases: list[Path], file: IO[bytes], progress: Progress) -> Summary:
    taken_at = iso(datetime.now(UTC))
    entries: list[dict[str, str | int]] = []
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar, ExitStack() as stack:
        readers = stack.enter_context(snapshots(databases))
        for name in _KEPT:
            if (data / name).is_file():
                entries.append(_add(tar, name, data / name))
        for path, reader in readers.items():
            progress(f"{path.name}: {path.stat().st_size:,} bytes")
            with tempfile.NamedTemporaryFile(dir=Path(file.name).parent, prefix=f".{path.name}.") as copy:
                _copy(reader, Path(copy.name))
                reader.close()  # As long as it is open, the log beside the database only grows.
                entries.append(_add(tar, path.name, Path(copy.name)))
        for blob in _blobs(data / "blobs"):
            name = f"blobs/{blob.relative_to(data / 'blobs').as_posix()}"
            if not _may_be_kept(name, progress):
                continue
            try:
                entries.append(_add(tar, name, blob))
            except FileNotFoundError:
                progress(f"{name} was removed meanwhile")
                continue
            if len(entries) % 1000 == 0:
                progress(f"{len(entries):,} files")
        manifest = orjson.dumps({"format": FORMAT, "taken_at": taken_at, "files": entries})
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(manifest)
        tar.addfile(info, BytesIO(manifest))
    return Summary(len(entries), sum(int(entry["size"]) for entry in entries), taken_at)


@contextlib.contextmanager
def snapshots(databases: list[Path]) -> Iterator[dict[Path, sqlite3.Connection]]:
    """A reader of each database, all of one instant.

    Raises:
        ConfigurationError: one of them was locked by somebody else at every try.
    """
    with ExitStack() as readers:
        for attempt in range(_TRIES):
            try:
                opened = _opened(databases, readers)
                break
            except sqlite3.OperationalError as exc:
                if attempt == _TRIES - 1:
                    raise ConfigurationError(f"a database is locked by somebody else: {exc}; try again") from exc
                time.sleep(1)
        yield opened


def _opened(databases: list[Path], readers: ExitStack) -> dict[Path, sqlite3.Connection]:
    opened: dict[Path, sqlite3.Connection] = {}
    with ExitStack() as locks:
        for path in databases:
            writer = locks.enter_context(contextlib.closing(_connect(path)))
            writer.execute("BEGIN IMMEDIATE")
        for path in databases:
            reader = readers.enter_context(contextlib.closing(_connect(path)))
            reader.execute("BEGIN")
            # A transaction sees from its first read on.
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            opened[path] = reader
    return opened


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)


def _copy(reader: sqlite3.Connection, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")
        reader.backup(copy, pages=_PAGES, sleep=0)


def _may_be_kept(name: str, progress: Progress) -> bool:
    """What no hub has written is left out, and said: a restore refuses a file with such a name in it."""
    if _NAME.fullmatch(name):
        return True
    progress(f"{name!r} is left out: no hub gives such names")
    return False


def _blobs(folder: Path) -> Iterator[Path]:
    """All but what is half written at this moment; folders may go while they are walked through."""
    for place, folders, files in os.walk(folder, onerror=_raise_unless_gone):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(place, name) for name in sorted(files) if not name.startswith(".")]
        yield from [path for path in paths if path.is_file()]


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _add(tar: tarfile.TarFile, name: str, path: Path) -> dict[str, str | int]:
    digest = hashlib.sha256()
    info = tarfile.TarInfo(name)
    with path.open("rb") as file:
        info.size = os.fstat(file.fileno()).st_size
        info.mode = 0o600
        tar.addfile(info, _Hashed(file, digest))
    return {"name": name, "size": info.size, "sha256": digest.hexdigest()}


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes], digest: "hashlib._Hash") -> None:
        self._file = file
        self._digest = digest

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._digest.update(content)
        return content


def restore(source: str, data: Path, *, progress: Progress = _silent) -> Summary:
    """Makes the data folder of a backup, held.

    Everything is checked (names, sizes, digests, the databases themselves) before the folder is there.

    Raises:
        ConfigurationError: the folder holds something, or the file is no whole backup; nothing was changed.
    """
    if data.exists() and any(data.iterdir()):
        raise ConfigurationError(f"{data} is not empty; name a folder that is, or does not exist, with --data")
    made = [folder for folder in (data.parent, *data.parent.parents) if not folder.exists()]
    data.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{data.name}-", dir=data.parent) as folder:
        file, place = Path(folder) / "backup.tar", Path(folder) / "data"
        place.mkdir(mode=0o700)
        if source.startswith("s3://"):
            progress("downloading")
            _download(source, file)
        else:
            file = Path(source)
        summary = _unpack(file, place, progress)
        hold(place)
        for folder_of_it, _, _ in os.walk(place):
            _sync_folder(Path(folder_of_it))
        if data.exists():
            data.rmdir()
        place.rename(data)
    for parent in (data.parent, *(folder.parent for folder in made)):
        _sync_folder(parent)
    return summary


def _unpack(file: Path, place: Path, progress: Progress) -> Summary:
    found: dict[str, tuple[int, str]] = {}
    manifest: dict[str, object] = {}
    try:
        with tarfile.open(file, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    raise ConfigurationError(f"{file}: {member.name!r} is no file; this is no backup of a hub")
                if member.name == MANIFEST:
                    manifest = orjson.loads(content.read())
                else:
                    found[member.name] = _take(content, _inside(place, member.name))
    except FileNotFoundError as exc:
        raise ConfigurationError(f"there is no file {file}") from exc
    except (tarfile.TarError, orjson.JSONDecodeError, EOFError) as exc:
        raise ConfigurationError(f"{file} is no whole backup: {exc}") from exc
    except OSError as exc:
        raise ConfigurationError(f"{file} cannot be unpacked: {exc.strerror}") from exc
    progress(f"{len(found):,} files unpacked; checking")
    return _checked(file, manifest, found, place)


def _inside(place: Path, name: str) -> Path:
    """Where a file of the backup goes: a name that leads elsewhere is refused."""
    path = place / name
    if not _NAME.fullmatch(name) or ".." in path.parts or not path.is_relative_to(place):
        raise ConfigurationError(f"{name!r} is no name that a backup has; this file was not made by a hub")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _take(content: IO[bytes], path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _checked(file: Path, manifest: dict[str, object], found: dict[str, tuple[int, str]], place: Path) -> Summary:
    if manifest.get("format") != FORMAT:
        raise ConfigurationError(
            f"{file} is of format {manifest.get('format')}, this hub knows {FORMAT}; it is damaged, or of a newer hub"
        )
    entries = manifest.get("files")
    wanted = (
        {str(e["name"]): (int(e["size"]), str(e["sha256"])) for e in entries} if isinstance(entries, list) else {}
    )
    wrong = sorted({name for name, _ in wanted.items() ^ found.items()})
    if wrong:
        raise ConfigurationError(f"{file} is damaged: {', '.join(wrong[:5])} differ from its list")
    for path in place.glob("*.sqlite"):
        _check_database(path)
    size = sum(size for size, _ in found.values())
    return Summary(len(found), size, str(manifest.get("taken_at")))


def _check_database(path: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as exc:
        verdict = str(exc)
    if verdict != "ok":
        raise ConfigurationError(f"{path.name} in the backup is damaged: {str(verdict)[:200]}")


def _bucket(url: str) -> tuple[S3Store, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise ConfigurationError(f"{url}: write s3://BUCKET/KEY")
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    options = {"allow_http": True} if endpoint.startswith("http://") else None
    config = {"endpoint": endpoint} if endpoint else None
    return S3Store.from_url(f"s3://{bucket}", config=config, client_options=options), key  # type: ignore[arg-type]


def _upload(file: Path, url: str) -> None:
    store, key = _bucket(url)
    with _s3_errors(url), file.open("rb") as content:
        obstore.put(store, key, content)


def _download(url: str, file: Path) -> None:
    store, key = _bucket(url)
    with _s3_errors(url), file.open("wb") as target:
        for chunk in obstore.get(store, key).stream():
            target.write(chunk)


@contextlib.contextmanager
def _s3_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, obstore.exceptions.BaseError) as exc:
        words = str(exc).partition("\n\nDebug source")[0]
        raise ConfigurationError(f"{url}: {' '.join(words.split())[:300]}") from exc


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
