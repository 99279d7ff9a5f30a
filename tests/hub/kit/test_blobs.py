"""What a folder and a bucket promise alike, and what a full disk does."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from textwrap import dedent
from urllib.request import Request, urlopen

import pytest

from hub.kit.blobs import CHUNK, Blobs, FolderBlobs, S3Blobs, open_blobs, packed
from hub.kit.errors import BlobsUnavailable, ConfigurationError, InvalidInput, NotFound
from hub.testing.waiting import PATIENCE

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A real S3 protocol server in this process, with one bucket."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[s3,server]'")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with urlopen(Request(f"{endpoint}/omnihub", method="PUT")):
        yield endpoint
    server.stop()


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.connected)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return open_blobs(tmp_path / "blobs")
    return a_bucket(request.getfixturevalue("s3_endpoint"), f"s3://omnihub/{tmp_path.name}")


def a_bucket(endpoint: str, url: str = "s3://omnihub") -> Blobs:
    return open_blobs(url, endpoint=endpoint, region="us-east-1", access_key="key", secret_key="secret")


async def test_what_was_put_is_got(blobs: Blobs) -> None:
    await blobs.put("raw/ab/one", b"\x00\xff bytes")
    assert await blobs.get("raw/ab/one") == b"\x00\xff bytes"


async def test_parts_put_together_are_got_one_by_one(blobs: Blobs) -> None:
    parts = [b"one", b"", "два".encode(), b"\x00" * 5000]
    names, content = packed("raw/pack", parts)
    await blobs.put("raw/pack", content)
    assert [await blobs.get(name) for name in names] == parts
    assert await blobs.get("raw/pack") == b"".join(parts)


async def test_a_part_of_nothing_is_not_found_and_a_bad_name_is_refused(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        await blobs.get("raw/none:0+5")
    for name in ("raw/pack:", "raw/pack:1", "raw/pack:-1+5", "raw/pack:a+b", "../pack:0+1"):
        with pytest.raises(InvalidInput):
            await blobs.get(name)


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    await blobs.put("empty", b"")
    assert await blobs.get("empty") == b""


async def test_the_same_key_again_replaces(blobs: Blobs) -> None:
    await blobs.put("key", b"before")
    await blobs.put("key", b"after!")
    assert await blobs.get("key") == b"after!"


async def test_a_large_blob_comes_back_whole(blobs: Blobs) -> None:
    content = os.urandom(1 << 20) * 12
    await blobs.put("raw/large", content)
    assert await blobs.get("raw/large") == content


async def test_many_are_put_together(blobs: Blobs) -> None:
    many = {f"raw/{number % 7}/{number}": b"%d" % number for number in range(100)}
    await blobs.put_many(many)
    assert {key: await blobs.get(key) for key in many} == many


async def test_putting_nothing_is_allowed(blobs: Blobs) -> None:
    await blobs.put_many({})


async def test_many_writers_of_one_key_leave_one_of_their_blobs(blobs: Blobs) -> None:
    written = [bytes([number]) * 5000 for number in range(20)]
    await asyncio.gather(*(blobs.put("raw/raced", content) for content in written))
    assert await blobs.get("raw/raced") in written


async def test_a_missing_key_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="raw/missing"):
        await blobs.get("raw/missing")


async def test_ping_answers(blobs: Blobs) -> None:
    await blobs.ping()
    await blobs.ping()


async def pieces_of(content: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def test_what_is_put_as_a_stream_is_got_and_streamed_in_bounded_pieces(blobs: Blobs) -> None:
    content = os.urandom(1 << 20) * 11 + b"end"
    await blobs.put_stream("raw/streamed", pieces_of(content, 3 << 20))
    pieces = [piece async for piece in blobs.stream("raw/streamed")]
    assert (b"".join(pieces), await blobs.get("raw/streamed")) == (content, content)
    assert max(map(len, pieces)) <= CHUNK


async def test_an_empty_stream_is_a_blob(blobs: Blobs) -> None:
    await blobs.put_stream("raw/nothing", pieces_of(b""))
    assert ([piece async for piece in blobs.stream("raw/nothing")], await blobs.size("raw/nothing")) == ([], 0)


async def test_a_stream_takes_the_place_of_what_was_there(blobs: Blobs) -> None:
    await blobs.put("raw/key", b"before")
    await blobs.put_stream("raw/key", pieces_of(b"after"))
    assert await blobs.get("raw/key") == b"after"


async def test_a_stream_that_breaks_off_says_why_and_leaves_what_was_there(blobs: Blobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (9 << 20)
        raise ValueError("the source is torn")

    await blobs.put("raw/kept", b"before")
    for key in ("raw/kept", "raw/new"):
        with pytest.raises(ValueError, match="the source is torn"):
            await blobs.put_stream(key, broken())
    assert await blobs.get("raw/kept") == b"before"
    with pytest.raises(NotFound):
        await blobs.get("raw/new")


async def test_a_range_ends_where_the_content_ends(blobs: Blobs) -> None:
    await blobs.put("raw/ten", b"0123456789")
    ranges = [(0, 10), (3, 4), (8, 5), (10, 1), (99, 1), (2, 0)]
    found = [await blobs.get_range("raw/ten", start, length) for start, length in ranges]
    assert found == [b"0123456789", b"3456", b"89", b"", b"", b""]
    with pytest.raises(InvalidInput):
        await blobs.get_range("raw/ten", -1, 5)


async def test_a_part_is_streamed_measured_and_read_in_ranges_as_a_blob_is(blobs: Blobs) -> None:
    (_, name, empty), content = packed("raw/pack", [b"before", b"the part", b""])
    await blobs.put("raw/pack", content + b"after")
    assert [piece async for piece in blobs.stream(name)] == [b"the part"]
    assert ([piece async for piece in blobs.stream(empty)], await blobs.size(empty)) == ([], 0)
    assert (await blobs.size(name), await blobs.size("raw/pack")) == (8, 19)
    assert (await blobs.get_range(name, 4, 2), await blobs.get_range(name, 4, 99)) == (b"pa", b"part")


async def test_what_is_not_there_has_no_size_no_range_and_no_stream(blobs: Blobs) -> None:
    for key in ("raw/none", "raw/none:0+5"):
        with pytest.raises(NotFound):
            await blobs.size(key)
        with pytest.raises(NotFound):
            await blobs.get_range(key, 0, 1)
        with pytest.raises(NotFound):
            _ = [piece async for piece in blobs.stream(key)]


async def test_what_is_deleted_is_gone_and_what_is_missing_is_no_error(blobs: Blobs) -> None:
    many = {f"raw/{number % 3}/{number}": b"x" for number in range(30)}
    await blobs.put_many({**many, "kept": b"kept"})
    await blobs.delete([*many, "raw/never", "no/folder", "raw", "kept/below"])
    await blobs.delete([])
    for key in many:
        with pytest.raises(NotFound):
            await blobs.get(key)
    assert await blobs.get("kept") == b"kept"


async def test_a_part_cannot_be_deleted_and_nothing_else_is_then(blobs: Blobs) -> None:
    (name,), content = packed("raw/pack", [b"the part"])
    await blobs.put("raw/pack", content)
    with pytest.raises(InvalidInput):
        await blobs.delete(["raw/pack", name])
    assert await blobs.get("raw/pack") == content


def test_a_folder_keeps_nothing_of_a_stream_that_broke_off(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        asyncio.run(open_blobs(tmp_path).put_stream("raw/new", broken()))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


BAD_KEYS = [
    "",
    "/",
    "/absolute",
    "../up",
    "raw/../../up",
    "raw//twice",
    "raw/",
    ".staging/x",
    "raw/.hidden",
    "ключ",
    "a b",
    "back\\slash",
    "nul\0",
    "line\n",
    "x" * 300,
]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_what_is_not_a_key_is_refused(blobs: Blobs, key: str) -> None:
    with pytest.raises(InvalidInput, match="not a blob key"):
        await blobs.put_many({"good": b"", key: b""})
    with pytest.raises(InvalidInput, match="not a blob key"):
        await blobs.get(key)
    with pytest.raises(NotFound):
        await blobs.get("good")


def test_a_path_opens_a_folder_and_a_url_a_bucket(tmp_path: Path) -> None:
    assert isinstance(open_blobs(tmp_path / "a"), FolderBlobs)
    assert isinstance(open_blobs(str(tmp_path / "b")), FolderBlobs)
    assert isinstance(open_blobs("s3://bucket/prefix"), S3Blobs)


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="s3://BUCKET/PREFIX"):
        open_blobs("ftp://somewhere")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be made"):
        open_blobs(tmp_path / "file" / "blobs")


async def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path / "blobs")
    await blobs.put("raw/one", b"1")
    (tmp_path / "blobs" / "raw" / "one").unlink()
    (tmp_path / "blobs" / "raw").rmdir()
    await blobs.put("raw/two", b"2")
    assert await blobs.get("raw/two") == b"2"


async def test_a_folder_in_the_way_is_reported(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    await blobs.put("raw", b"a file where a folder is wanted")
    with pytest.raises(BlobsUnavailable):
        await blobs.put("raw/one", b"1")


async def test_an_identical_blob_is_not_written_again(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    await blobs.put("raw/one", b"same")
    before = (tmp_path / "raw" / "one").stat()
    await blobs.put("raw/one", b"same")
    assert (tmp_path / "raw" / "one").stat().st_ino == before.st_ino


async def test_what_a_killed_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    open_blobs(tmp_path)
    old, young = tmp_path / ".staging" / "old", tmp_path / ".staging" / "young"
    old.touch()
    young.touch()
    os.utime(old, (0, time.time() - 90_000))
    open_blobs(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


FULL_DISK = dedent("""
    import asyncio, os, sys
    from pathlib import Path
    from hub.kit.blobs import open_blobs
    from hub.kit.errors import BlobsUnavailable, NotFound

    async def main(folder):
        blobs = open_blobs(folder)
        await blobs.put("raw/small", b"fits")
        fill(folder)
        try:
            await blobs.put_many({"raw/large": b"x" * 600_000})
        except BlobsUnavailable as exc:
            print(exc)
        try:
            await blobs.get("raw/large")
        except NotFound:
            print("not found")
        print(await blobs.get("raw/small"), sorted(p.name for p in folder.rglob("*") if p.is_file()))
        make_room(folder)
        await blobs.put("raw/large", b"x" * 100_000)
        print(len(await blobs.get("raw/large")))
""")

WITH_A_SMALL_TMPFS = """
def fill(folder):
    (folder / "filler").write_bytes(b"x" * 500_000)
def make_room(folder):
    (folder / "filler").unlink()
"""

WITH_A_LIMIT_ON_FILE_SIZE = """
import resource
def fill(folder):
    (folder / "filler").touch()
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, -1))
def make_room(folder):
    pass
"""


def run_on_a_full_disk(script: str, folder: Path, *before: str) -> list[str]:
    # A thread of obstore may still be handing over the last answer; Python 3.11 aborts when it ends meanwhile.
    code = f"{FULL_DISK}\n{script}\nasyncio.run(main(Path(sys.argv[1])))\nsys.stdout.flush()\nos._exit(0)"
    command = [*before, sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_write_past_a_limit_leaves_nothing_under_the_key(tmp_path: Path) -> None:
    failure, *rest = run_on_a_full_disk(WITH_A_LIMIT_ON_FILE_SIZE, tmp_path)
    assert "File too large" in failure
    assert rest == ["not found", "b'fits' ['filler', 'small']", "100000"]


def test_a_full_disk_leaves_nothing_under_the_key(tmp_path: Path) -> None:
    mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(tmp_path)]
    try:
        subprocess.run([*mount, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system here; the limit on file size stands in")
    failure, *rest = run_on_a_full_disk(WITH_A_SMALL_TMPFS, tmp_path, *mount)
    assert "the disk is full" in failure
    assert rest == ["not found", "b'fits' ['filler', 'small']", "100000"]


@pytest.mark.connected
async def test_a_missing_bucket_is_not_an_answer_about_a_key(s3_endpoint: str) -> None:
    blobs = a_bucket(s3_endpoint, "s3://nowhere")
    for ask in (lambda: blobs.get("key"), lambda: blobs.put("key", b""), blobs.ping):
        with pytest.raises(BlobsUnavailable, match="NoSuchBucket"):
            await ask()


@pytest.mark.connected
async def test_a_bucket_is_reached_with_the_variables_of_the_aws_tools(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    blobs = open_blobs("s3://omnihub/environment")
    await blobs.put("key", b"1")
    assert await blobs.get("key") == b"1"


async def test_a_server_that_is_away_is_reported_and_not_waited_for() -> None:
    blobs = a_bucket("http://127.0.0.1:9")
    with pytest.raises(BlobsUnavailable):
        await asyncio.wait_for(blobs.put("key", b""), PATIENCE)
    with pytest.raises(BlobsUnavailable):
        await asyncio.wait_for(blobs.get("key"), PATIENCE)
