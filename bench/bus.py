"""Events of 1 kB through the embedded bus: published durably, read in batches, decoded, handled, committed."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hub.bus.base import Bus
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.base import Envelope, encode
from hub.contracts.interaction import InteractionReceived, Participant, Role
from hub.kit.clock import SystemClock
from hub.kit.ids import derive
from hub.kit.memory import settle

NAME = "bus"
GOAL = "at least 8,000 events/s on two cores"

EVENTS = 40_000
BATCH = 500
SENDERS = 5_000
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def an_event(number: int) -> Envelope:
    """About 1 kB as a record."""
    sender = f"client{number % SENDERS}@example.com"
    event = InteractionReceived(
        id=derive("in", "bench", str(number)),
        channel="email",
        type="email",
        account="mb_support",
        at=AT,
        received_at=AT,
        participants=(
            Participant(role=Role.FROM, address=f"email:{sender}", raw=sender, name="Анна Смирнова"),
            Participant(role=Role.TO, address="email:support@romashka.example", ours=True),
        ),
        subject=f"Заказ № {number}",
        text="Здравствуйте! " * 8,
        keys=(f"email:<{number}@example.com>",),
    )
    return Envelope(event=event, source="omnihub/email", time=AT)


async def flow(bus: Bus, events: int = EVENTS) -> dict[str, float | str]:
    """Publishes and reads at the same time; the rate is from the first publish to the last event handled."""
    made = [an_event(number) for number in range(events)]
    settle()
    handled, done, batches = 0, asyncio.Event(), 0

    async def handle(envelopes: Sequence[Envelope]) -> None:
        nonlocal handled, batches
        handled += len(envelopes)
        batches += 1
        if handled >= events:
            done.set()

    bus.subscribe("inbound", group="bench", handle=handle, max_records=BATCH)
    await bus.start()
    started, used = time.perf_counter(), time.process_time()
    for first in range(0, events, BATCH):
        await bus.publish(made[first : first + BATCH])
    published = time.perf_counter() - started
    async with asyncio.timeout(300):
        await done.wait()
    seconds = time.perf_counter() - started
    used = time.process_time() - used
    await bus.stop()
    record = encode(made[0])
    return {
        "events/s": round(events / seconds),
        "published/s": round(events / published),
        "mean batch": round(handled / batches),
        "bytes a record": len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers),
        "CPU s/10,000 events": round(used / events * 10_000, 2),
    }


async def latency(bus: Bus, times: int = 200) -> dict[str, float | str]:
    """From the call of `publish` to the handler, one event at a time."""
    seconds: list[float] = []
    arrived = asyncio.Event()

    async def handle(_: Sequence[Envelope]) -> None:
        arrived.set()

    bus.subscribe("inbound", group="bench-latency", handle=handle)
    await bus.start()
    for number in range(times):
        arrived.clear()
        started = time.perf_counter()
        await bus.publish([an_event(number)])
        await arrived.wait()
        seconds.append(time.perf_counter() - started)
    await bus.stop()
    seconds.sort()
    return {"p50 ms": round(seconds[times // 2] * 1e3, 2), "p95 ms": round(seconds[times * 95 // 100] * 1e3, 2)}


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as folder:
        first, second = Log(Path(folder) / "flow.sqlite"), Log(Path(folder) / "latency.sqlite")
        figures = await flow(EmbeddedBus(first, "bench", SystemClock()))
        figures |= await latency(EmbeddedBus(second, "bench", SystemClock()))
        await first.close()
        await second.close()
    return figures
