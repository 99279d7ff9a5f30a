"""What an exchange said is durable before it counts, in order, by one copy of the hub."""

from pathlib import Path

import pytest

from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBlobs, FakeClock
from services.telephony.ami.memory import Memory
from services.telephony.calls.lines import Lines
from services.telephony.errors import Overtaken
from services.telephony.intake.journal import HEARD, Journal
from tests.services.telephony.test_tracker import WHOLE, story


async def journals(folder: Path) -> tuple[SqliteStore, FakeBlobs]:
    store = SqliteStore(folder / "telephony.sqlite")
    return store, FakeBlobs()


async def test_what_was_heard_is_read_again_in_order_with_when_it_came(tmp_path: Path) -> None:
    store, blobs = await journals(tmp_path)
    first = Journal("ex_1", store=store, blobs=blobs, clock=FakeClock())
    await store.start()
    await first.open()
    first.connected()
    for number in range(3):
        await first.add(b"piece %d" % number, float(number))
    second = Journal("ex_1", store=store, blobs=blobs, clock=FakeClock())
    await second.open()
    read = [(piece.place, piece.raw, piece.arrived) async for piece in second.read()]
    assert read == [(1, b"piece 0", 0.0), (2, b"piece 1", 1.0), (3, b"piece 2", 2.0)]
    await second.add(b"of the second", 3.0)
    with pytest.raises(Overtaken):
        await first.add(b"of the first, who does not know", 3.0)
    await store.stop()


async def test_a_piece_whose_bytes_were_durable_when_the_hub_was_killed_is_not_lost(tmp_path: Path) -> None:
    store, blobs = await journals(tmp_path)
    first = Journal("ex_1", store=store, blobs=blobs, clock=FakeClock())
    await store.start()
    await first.open()
    first.connected()
    await first.add(b"written down", 1.0)
    await first.add(b"bytes alone", 2.0)
    page = await store.collection(HEARD).find({"exchange": "ex_1"}, order="place")
    await store.collection(HEARD).delete(page.items[1])
    second = Journal("ex_1", store=store, blobs=blobs, clock=FakeClock())
    await second.open()
    assert [(p.raw, p.arrived) async for p in second.read()] == [(b"written down", 1.0), (b"bytes alone", 2.0)]
    await store.stop()


@pytest.mark.parametrize("size", [97, 1000])
def test_a_memory_that_goes_on_from_what_is_needed_knows_the_same_calls(size: int) -> None:
    stream = story().stream
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    for cut in range(1, len(pieces), max(1, len(pieces) // 10)):
        whole = Memory("ex_1", Lines())
        for place, raw in enumerate(pieces[:cut], 1):
            whole.hear(place, 1, raw, 0.0)
        floor, gone = whole.needed()
        again = Memory("ex_1", Lines())
        again.let_go(gone)
        told = {}
        for place, raw in enumerate(pieces, 1):
            if place >= max(1, floor):
                told |= {call.id: call for call in again.hear(place, 1, raw, 0.0)}
        for call in WHOLE:
            if call.id in told:
                assert told[call.id] == call
