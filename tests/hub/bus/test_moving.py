"""A batch that waits to be retried is given back when its partitions move: no two copies have it in hand."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import ConsumerRecord
from faststream.exceptions import NackMessage

from hub.bus.consume import Consumption
from hub.contracts.base import Envelope, encode
from hub.kit.errors import StoreUnavailable
from hub.testing.builders import an_arrival, envelopes
from hub.testing.fakes import FakeBus, FakeClock


async def test_a_batch_that_waits_for_a_store_is_given_back_when_its_partitions_move() -> None:
    moving, tried = asyncio.Event(), asyncio.Event()

    async def handle(batch: Sequence[Envelope]) -> None:
        assert batch
        tried.set()
        raise StoreUnavailable("down")

    consumption = Consumption(
        FakeBus(), "inbound", "interactions", handle, source="omnihub/interactions", clock=FakeClock()
    )
    (envelope,) = envelopes(an_arrival())
    record = encode(envelope)
    read = ConsumerRecord("inbound", 0, 0, 0, 1, record.key, record.value, None, -1, -1, record.headers)
    consuming = asyncio.create_task(consumption.consume((read,), 0, moving))
    await tried.wait()
    moving.set()
    with pytest.raises(NackMessage):
        await consuming
