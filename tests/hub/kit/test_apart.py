"""What a call in a process of its own may take, and what happens to the others when it takes more."""

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.kit.apart import Apart, CallFailed, CannotStart, TooCostly, large
from hub.testing.waiting import until

HERE = "tests.hub.kit.test_apart"


def add(one: int, other: int) -> int:
    return one + other


def pid() -> int:
    return os.getpid()


def fail() -> None:
    raise ValueError("not like this")


def unsendable() -> object:
    return lambda: None


def spin() -> None:
    while True:
        pass


def catastrophic() -> None:
    """Deep in C code, where Python handles no signal."""
    int("9" * 4000) ** 2_000_000


def hoard() -> bytes:
    return bytes(2**31)


def swell() -> int:
    _kept.append(bytes(100 * 2**20))
    return os.getpid()


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def brood() -> list[bytes]:
    """Fits as it is, and not once more."""
    return [bytes(60_000) for _ in range(2_600)]


def mirror(content: bytes) -> tuple[str, bytes | pickle.PickleBuffer]:
    return type(content).__name__, large(content)


_kept: list[bytes] = []


def _is_over(process: int) -> bool:
    """Its owner has not asked yet how it ended."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
async def apart() -> AsyncIterator[Apart]:
    made = Apart(processes=2, memory=256 * 2**20)
    yield made
    await made.stop()


async def call(apart: Apart, function: str, *arguments: Any, cpu: float = 5) -> Any:
    return await apart.call(f"{HERE}:{function}", *arguments, cpu=cpu)


async def test_a_call_answers_from_another_process(apart: Apart) -> None:
    assert await call(apart, "add", 2, 3) == 5
    assert await call(apart, "pid") != os.getpid()


async def test_one_process_serves_calls_that_follow_one_another(apart: Apart) -> None:
    assert len({await call(apart, "pid") for _ in range(5)}) == 1


async def test_calls_at_once_run_in_as_many_processes_as_there_may_be(apart: Apart) -> None:
    found = await asyncio.gather(*(call(apart, "sleep", 0.2) for _ in range(4)))
    assert len(set(found)) == 2


async def test_what_somebody_waits_for_does_not_wait_for_what_nobody_does() -> None:
    """Letters of strangers may take all their time; an answer that is tried beside them leaves."""
    apart = Apart(processes=1)
    letters = [asyncio.create_task(apart.call(f"{HERE}:sleep", 60.0, cpu=5)) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        assert await apart.call(f"{HERE}:add", 1, 2, cpu=5, urgent=True) == 3
    await apart.stop()
    for letter in letters:
        letter.cancel()
    await asyncio.gather(*letters, return_exceptions=True)


async def test_large_bytes_travel_as_they_are(apart: Apart) -> None:
    content = os.urandom(3_000_000)
    assert await call(apart, "mirror", large(content)) == ("bytes", content)


async def test_what_a_function_raises_is_told_by_its_name(apart: Apart) -> None:
    with pytest.raises(CallFailed, match="ValueError: not like this"):
        await call(apart, "fail")
    with pytest.raises(CallFailed, match="nowhere"):
        await call(apart, "nowhere")
    with pytest.raises(CallFailed, match="lambda"):
        await call(apart, "unsendable")


@pytest.mark.parametrize("function", ["spin", "catastrophic"])
async def test_a_call_is_ended_at_its_limit_of_cpu_time_wherever_it_is(apart: Apart, function: str) -> None:
    with pytest.raises(TooCostly, match=r"more than 0\.2 s of CPU time"):
        await call(apart, function, cpu=0.2)
    assert await call(apart, "add", 1, 1) == 2


async def test_loading_the_code_of_a_call_is_not_counted(apart: Apart, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "slow_to_load.py").write_text(
        "import time\nuntil = time.process_time() + 0.5\nwhile time.process_time() < until: pass\n"
        "def answer():\n    return 42\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert await apart.call("slow_to_load:answer", cpu=0.2) == 42


async def test_waiting_is_no_cpu_time(apart: Apart) -> None:
    await call(apart, "pid")
    assert await call(apart, "sleep", 0.5, cpu=0.2)


async def test_a_call_is_ended_at_its_limit_of_memory(apart: Apart) -> None:
    with pytest.raises(TooCostly, match="more memory"):
        await call(apart, "hoard")
    assert await call(apart, "add", 1, 1) == 2


async def test_an_answer_that_does_not_fit_once_more_is_too_costly(apart: Apart) -> None:
    with pytest.raises(TooCostly, match="more memory"):
        await call(apart, "brood")
    assert await call(apart, "add", 1, 1) == 2


async def test_a_process_that_has_grown_is_replaced(apart: Apart) -> None:
    assert await call(apart, "swell") != await call(apart, "pid")


async def test_a_process_that_is_killed_fails_its_call_alone(apart: Apart) -> None:
    pids = await asyncio.gather(call(apart, "sleep", 0.2), call(apart, "sleep", 0.2))
    calls = asyncio.gather(*(call(apart, "sleep", 2) for _ in pids), return_exceptions=True)
    await asyncio.sleep(0.5)
    os.kill(pids[0], signal.SIGKILL)
    found = await calls
    assert TooCostly in map(type, found)
    assert pids[1] in found


async def test_what_was_killed_while_it_waited_is_no_fault_of_the_next_call(apart: Apart) -> None:
    pids = set(await asyncio.gather(call(apart, "sleep", 0.2), call(apart, "sleep", 0.2)))
    for one in pids:
        os.kill(one, signal.SIGKILL)
        await asyncio.to_thread(until, lambda one=one: _is_over(one))
    assert await call(apart, "pid") not in pids


async def test_what_ends_the_hub_lets_a_call_come_to_its_end(apart: Apart) -> None:
    found = await call(apart, "pid")
    under_way = asyncio.ensure_future(call(apart, "sleep", 0.5))
    await asyncio.sleep(0.1)
    os.kill(found, signal.SIGTERM)
    assert await under_way == found


async def test_whoever_gives_up_while_a_process_begins_leaves_its_descriptor_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    found, made = list[str](), list[subprocess.Popen[bytes]]()
    begin = subprocess.Popen

    def slowly(*args: Any, **options: Any) -> Any:
        begun.set()
        go_on.wait()
        found.append(str(Path(f"/proc/self/fd/{options['pass_fds'][0]}").readlink()))
        made.append(begin(*args, **options))
        return made[0]

    monkeypatch.setattr("hub.kit.apart.subprocess.Popen", slowly)
    apart = Apart(processes=1)
    under_way = asyncio.ensure_future(call(apart, "pid"))
    await asyncio.to_thread(begun.wait)
    under_way.cancel()
    await asyncio.wait([under_way])
    go_on.set()
    await asyncio.to_thread(until, lambda: made and made[0].returncode is not None)
    assert found[0].startswith("socket:")
    await apart.stop()


async def test_idle_processes_end() -> None:
    apart = Apart(processes=1, idle_seconds=0.05)
    found = await call(apart, "pid")
    await asyncio.to_thread(until, lambda: not Path(f"/proc/{found}").exists())
    assert await call(apart, "pid") != found
    await apart.stop()


async def test_a_call_that_is_given_up_ends_its_process(apart: Apart) -> None:
    found = await call(apart, "pid")
    under_way = asyncio.ensure_future(call(apart, "sleep", 600))
    await asyncio.sleep(0.1)
    under_way.cancel()
    await asyncio.wait([under_way])
    await asyncio.to_thread(until, lambda: not Path(f"/proc/{found}").exists())
    gc.collect()
    assert await call(apart, "add", 1, 1) == 2


async def test_stopping_ends_calls_under_way() -> None:
    apart = Apart(processes=1)
    await call(apart, "pid")
    under_way = asyncio.ensure_future(call(apart, "sleep", 600))
    await asyncio.sleep(0.1)
    await apart.stop()
    with pytest.raises(TooCostly):
        await under_way


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
async def test_a_process_that_cannot_begin_is_no_fault_of_the_call(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr("sys.executable", program)
    apart = Apart(processes=1)
    with pytest.raises(CannotStart):
        await call(apart, "pid")
    await apart.stop()
