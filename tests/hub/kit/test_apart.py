"""What a call in a process of its own may take, and what happens to the others when it takes more."""

import asyncio
import gc
import os
import pickle
import signal
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


def mirror(content: bytes) -> tuple[str, bytes | pickle.PickleBuffer]:
    return type(content).__name__, large(content)


_kept: list[bytes] = []


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


async def test_waiting_is_no_cpu_time(apart: Apart) -> None:
    await call(apart, "pid")
    assert await call(apart, "sleep", 0.5, cpu=0.2)


async def test_a_call_is_ended_at_its_limit_of_memory(apart: Apart) -> None:
    with pytest.raises(TooCostly, match="more memory"):
        await call(apart, "hoard")
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
