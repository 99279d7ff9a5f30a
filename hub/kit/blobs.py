"""Raw bytes, attachments and recordings: a folder, or any S3 bucket, through obstore."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Protocol, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from hub.kit.disk import FULL, has_no_room
from hub.kit.errors import BlobsFull, BlobsUnavailable, ConfigurationError, InvalidInput, NotFound

T = TypeVar("T")

_KEY = re.compile(r"(?:[A-Za-z0-9_=+@-][A-Za-z0-9_=+@.-]{0,199})(?:/[A-Za-z0-9_=+@-][A-Za-z0-9_=+@.-]{0,199}){0,15}")
_AT_ONCE = 16
"""Writers at a time: one fsync takes 0.4 ms alone and 0.16 ms among sixteen; more gain nothing."""
_ABANDONED = timedelta(days=1)
CHUNK = 1 << 20
"""Bytes: a piece of a stream has no more."""
_S3_PART = 8 << 20
"""S3 takes 10,000 parts of at least 5 MiB: 80 GB here."""
_S3_PARTS_AT_ONCE = 4
"""Parts on their way, and in memory, for each upload."""


class Blobs(Protocol):
    """Bytes under a key. What `put` returned for is durable.

    Every method raises `BlobsUnavailable` when the storage does not answer or does not confirm, and `InvalidInput`
    for what is not a key.
    """

    async def put(self, key: str, content: bytes) -> None:
        """Keeps `content`; the same key again replaces it. Keys are `/`-separated ASCII names."""
        ...

    async def put_many(self, blobs: dict[str, bytes]) -> None:
        """All of them, durable together; cheaper than one by one."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes; of a part, where `key` is a name that `packed` gave.

        Raises:
            NotFound: there is nothing under this key.
        """
        ...

    async def put_stream(self, key: str, content: AsyncIterable[bytes]) -> None:
        """As `put`, for what is too large for memory. What `content` raises comes out; then the key is as it was."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """The bytes that `get` gives, in pieces of up to `CHUNK`; raises as `get`, before the first of them."""
        ...

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start` on; fewer, or none, where the content ends before.

        Raises:
            NotFound: as `get`.
        """
        ...

    async def size(self, key: str) -> int:
        """How many bytes `get` would give.

        Raises:
            NotFound: as `get`.
        """
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Removes what is under these keys, for good when it returns; what is not there is no error.

        Raises:
            InvalidInput: one is no key, or the name of a part, which goes with its blob; nothing is removed.
        """
        ...

    async def ping(self) -> None:
        """Returns when a write would be confirmed."""
        ...


def packed(key: str, parts: Sequence[bytes]) -> tuple[list[str], bytes]:
    """Many small contents as one blob: the name of each part, for `get`, and the content to put under `key`.

    One blob costs one sync of the disk or one request to S3, however many parts it has.
    """
    ends = list(accumulate(len(part) for part in parts))
    names = [f"{key}:{end - len(part)}+{len(part)}" for end, part in zip(ends, parts, strict=True)]
    return names, b"".join(parts)


def part_of(name: str) -> tuple[str, int, int] | None:
    """Key of the blob, first byte and length, where `name` is that of a part.

    Raises:
        InvalidInput: it looks like one and is none.
    """
    key, colon, stretch = name.partition(":")
    start, plus, length = stretch.partition("+")
    if not colon:
        return None
    if not (plus and start.isdecimal() and length.isdecimal()):
        raise InvalidInput(f"{name[:80]!r} does not name a part of a blob")
    return key, int(start), int(length)


def open_blobs(
    where: str | Path,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
) -> Blobs:
    """A folder for a path, a bucket for `s3://BUCKET/PREFIX`; the other arguments are for S3 alone.

    Raises:
        ConfigurationError: the folder cannot be made, or the URL is of another kind.
    """
    if "://" not in str(where):
        return FolderBlobs(Path(where))
    if not str(where).startswith("s3://"):
        raise ConfigurationError(f"[blobs] url {where}: give a folder, or s3://BUCKET/PREFIX")
    return S3Blobs(str(where), endpoint=endpoint, region=region, access_key=access_key, secret_key=secret_key)


class _ObstoreBlobs:
    """What reading and naming have in common, whatever obstore writes to."""

    _store: LocalStore | S3Store

    async def get(self, key: str) -> bytes:
        part = _named(key)
        with _translated(), _found(key):
            return await (self._stretch(*part) if part else self._whole(key))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        if start < 0 or length < 0:
            raise InvalidInput(f"bytes {start} and {length} more of {key[:80]}: give numbers from 0 on")
        blob, first, end = await self._bounds(key)
        begin, stop = min(first + start, end), min(first + start + length, end)
        with _translated(), _found(key):
            return await self._stretch(blob, begin, stop - begin)

    async def size(self, key: str) -> int:
        _, first, end = await self._bounds(key)
        return end - first

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        blob, first, end = await self._bounds(key)
        if first == end:
            return
        with _translated(), _found(key):
            found = await obstore.get_async(self._store, blob, options={"range": (first, end)})
            async for piece in found.stream(min_chunk_size=CHUNK // 4):
                content = bytes(piece)
                for begin in range(0, len(content), CHUNK):
                    yield content[begin : begin + CHUNK]

    async def _bounds(self, key: str) -> tuple[str, int, int]:
        """The blob that a key or a part's name is in, and where in it."""
        part = _named(key)
        blob, first, length = part or (key, 0, None)
        with _translated(), _found(key):
            size = (await obstore.head_async(self._store, blob))["size"]
        first = min(first, size)
        return blob, first, size if length is None else min(first + length, size)

    async def _whole(self, key: str) -> bytes:
        found = await obstore.get_async(self._store, key)
        return bytes(await found.bytes_async())

    async def _stretch(self, key: str, start: int, length: int) -> bytes:
        if not length:
            return b""
        return bytes(await obstore.get_range_async(self._store, key, start=start, length=length))


class FolderBlobs(_ObstoreBlobs):
    """A folder on this machine, or one that all processes mount.

    A blob is written beside its place, synced, moved into place, and the folder synced: a key shows whole content
    or none, after a kill and after a power cut.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.absolute()
        self._staging = self._root / ".staging"
        try:
            self._staging.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(self._root)
        except OSError as exc:
            raise ConfigurationError(f"the blob folder {path} cannot be made: {exc.strerror}") from exc
        _sweep(self._staging)
        self._durable_folders: set[Path] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blobs")

    async def put(self, key: str, content: bytes) -> None:
        await self.put_many({key: content})

    async def put_many(self, blobs: dict[str, bytes]) -> None:
        for key in blobs:
            _check(key)
        with _translated():
            await self._spread(self._write, blobs.items())
            await self._spread(_sync, {(self._root / key).parent for key in blobs})

    async def put_stream(self, key: str, content: AsyncIterable[bytes]) -> None:
        _check(key)
        draft = self._staging / secrets.token_hex(8)
        try:
            await self._run(draft.touch)
            async for piece in content:
                await self._run(_append, draft, piece)
            await self._run(self._place, draft, self._root / key)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    async def delete(self, keys: Iterable[str]) -> None:
        paths = [self._root / key for key in _checked(keys)]
        with _translated():
            await self._spread(_remove, paths)
            await self._spread(_sync, {path.parent for path in paths if path.parent.is_dir()})

    async def ping(self) -> None:
        with _translated():
            await self._spread(self._write_anew, [("ping", b"ping")])

    async def _run(self, work: Callable[..., object], *arguments: object) -> None:
        with _translated():
            await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def _place(self, draft: Path, path: Path) -> None:
        self._make_folder(path.parent)
        _sync(draft)
        draft.replace(path)
        _sync(path.parent)

    async def _spread(self, work: Callable[[T], None], items: Iterable[T]) -> None:
        """Does all the work, in slices on the pool, before it raises the first failure."""
        loop, waiting = asyncio.get_running_loop(), list(items)
        slices = [waiting[first::_AT_ONCE] for first in range(min(_AT_ONCE, len(waiting)))]
        await _all_done(loop.run_in_executor(self._pool, _each, work, part) for part in slices)

    def _write(self, blob: tuple[str, bytes]) -> None:
        key, content = blob
        path = self._root / key
        if _holds(path, content):
            # It may be there from a process that was killed before its own sync.
            _sync(path)
        else:
            self._write_anew(blob)

    def _write_anew(self, blob: tuple[str, bytes]) -> None:
        key, content = blob
        path, draft = self._root / key, self._staging / secrets.token_hex(8)
        self._make_folder(path.parent)
        try:
            obstore.put(self._store, f".staging/{draft.name}", content, use_multipart=False)
            _sync(draft)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _make_folder(self, folder: Path) -> None:
        if folder in self._durable_folders and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        while folder.is_relative_to(self._root):
            _sync(folder.parent)
            self._durable_folders.add(folder)
            folder = folder.parent


class S3Blobs(_ObstoreBlobs):
    """A bucket; S3 itself shows whole content or none. Credentials not given are taken as the AWS tools take them."""

    def __init__(
        self,
        url: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        options = {
            "endpoint": endpoint,
            "region": region,
            "access_key_id": access_key,
            "secret_access_key": secret_key,
        }
        plain = (endpoint or "").startswith("http://")
        self._store = S3Store.from_url(
            url,
            config={name: value for name, value in options.items() if value},  # type: ignore[arg-type]
            client_options={"allow_http": True} if plain else None,
            # The caller tries again for as long as it takes; health should know within seconds.
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def put(self, key: str, content: bytes) -> None:
        await self.put_many({key: content})

    async def put_many(self, blobs: dict[str, bytes]) -> None:
        for key in blobs:
            _check(key)
        with _translated():
            await _all_done(self._upload(key, content) for key, content in blobs.items())

    async def put_stream(self, key: str, content: AsyncIterable[bytes]) -> None:
        _check(key)
        source = _Source(content)
        try:
            with _translated():
                await obstore.put_async(
                    self._store, key, source.pieces(), chunk_size=_S3_PART, max_concurrency=_S3_PARTS_AT_ONCE
                )
        finally:
            if source.error is not None:
                raise source.error

    async def delete(self, keys: Iterable[str]) -> None:
        wanted = _checked(keys)
        with _translated():
            if wanted:
                await obstore.delete_async(self._store, wanted)

    async def ping(self) -> None:
        await self.put("ping", b"ping")

    async def _upload(self, key: str, content: bytes) -> None:
        async with self._slots:
            await obstore.put_async(self._store, key, content)


class _Source:
    """What is uploaded, and what went wrong with it: obstore would tell it as an error of its own."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content = content
        self.error: BaseException | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._content:
                yield piece
        except Exception as exc:
            self.error = exc
            raise


def _named(key: str) -> tuple[str, int, int] | None:
    """As `part_of`; raises InvalidInput for what is neither a key nor the name of a part."""
    part = part_of(key)
    _check(part[0] if part else key)
    return part


def _checked(keys: Iterable[str]) -> list[str]:
    """Each of them once."""
    wanted = list(dict.fromkeys(keys))
    for key in wanted:
        _check(key)
    return wanted


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key[:80]!r} is not a blob key; give names of ASCII letters, digits and _=+@.- that do not begin with"
            " a dot, parted by /"
        )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, BaseError) as exc:
        if has_no_room(exc):
            raise BlobsFull(f"the blob storage: {FULL}") from exc
        raise BlobsUnavailable(f"the blob storage failed: {_brief(exc)}") from exc


@contextmanager
def _found(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as exc:
        # An S3 server says 404 for a bucket that is missing, too; that is no answer about the key.
        if "NoSuchBucket" in str(exc):
            raise
        raise NotFound(f"there is no blob {key}; it may have been removed by retention") from exc


def _brief(exc: Exception) -> str:
    """What obstore says without its debug dump; an S3 server's XML in one line."""
    return " ".join(str(exc).partition("\n\nDebug source")[0].split())[:400]


async def _all_done(works: Iterable[Awaitable[None]]) -> None:
    """Waits for every one of them, then raises the first failure: nothing goes on behind the caller's back."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _each(work: Callable[[T], None], items: Iterable[T]) -> None:
    for item in items:
        work(item)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _remove(path: Path) -> None:
    # A folder of this name, or a blob where a folder is wanted: there is nothing under this key.
    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(staging: Path) -> None:
    """Removes what a killed process left half written; another process may be writing here now."""
    oldest = time.time() - _ABANDONED.total_seconds()
    for draft in staging.iterdir():
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < oldest:
                draft.unlink()
