"""What owners of addresses said, as the gate knows it: by channel and topic, from their words and from the states."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.channels.ports import CONSENTS, ConsentRepository
from hub.contracts.address import AddressChanged, AddressState, Consent, ConsentRecorded
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON

ANNA = "email:anna@example.com"


def word(state: str, *, minutes: int = 0, topic: str = "") -> ConsentRecorded:
    fields: dict[str, Any] = {"address": ANNA, "channel": "email", "account": "mb_1", "evidence": "x", "topic": topic}
    return ConsentRecorded(state=state, at=NOON + timedelta(minutes=minutes), **fields)  # type: ignore[arg-type]


def as_stated(state: str, *, minutes: int = 0, topic: str = "", revision: int = 1) -> AddressChanged:
    consent = Consent(channel="email", topic=topic, state=state, at=NOON + timedelta(minutes=minutes))  # type: ignore[arg-type]
    return AddressChanged(address=AddressState(address=ANNA, consent=(consent,)), revision=revision)


@pytest.fixture
async def consents(tmp_path: Path) -> Any:
    store = SqliteStore(tmp_path / "x.sqlite")
    made = ConsentRepository(store)
    await store.start()
    yield made
    await store.stop()


@pytest.mark.parametrize(
    ("told", "channel", "news"),
    [
        ([word("withdrawn")], True, True),
        ([word("withdrawn", topic="news")], False, True),
        ([word("withdrawn", topic="sales")], False, False),
        ([word("withdrawn"), word("given", minutes=1)], False, False),
        ([word("given", minutes=1), word("withdrawn")], False, False),
        ([word("given"), as_stated("withdrawn")], True, True),
        ([word("withdrawn"), as_stated("given", minutes=-1)], True, True),
        ([word("withdrawn", minutes=2), as_stated("given", minutes=1, revision=9)], True, True),
        ([word("withdrawn", topic="news"), word("given", minutes=1)], False, True),
        (
            [as_stated("withdrawn", topic="news"), as_stated("given", topic="news", minutes=3, revision=2)],
            False,
            False,
        ),
    ],
)
async def test_the_later_word_counts_and_a_topic_is_closed_with_its_channel(
    consents: Any, told: list[Any], channel: bool, news: bool
) -> None:
    for one in told:
        await consents.learn([one])
    assert await consents.withdrawn([ANNA], "email") == [ANNA] * channel
    assert await consents.withdrawn([ANNA], "email", "news") == [ANNA] * news
    again = consents
    await again.learn(told)  # all at once, and again
    assert await again.withdrawn([ANNA], "email", "news") == [ANNA] * news


async def test_what_an_older_hub_wrote_still_counts(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.sqlite")
    collection, consents = store.collection(CONSENTS), ConsentRepository(store)
    await store.start()
    await collection.insert({"_id": ANNA, "revision": 3, "withdrawn": ["email"]})
    assert await consents.withdrawn([ANNA], "email") == [ANNA]
    await consents.learn([word("given")])
    assert await consents.withdrawn([ANNA], "email") == []
    await store.stop()
