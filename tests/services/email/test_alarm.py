"""A mailbox that turns red says so once, however long it stays red; so it does when it is green again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.bus.base import Reader
from hub.channels.health import HealthNotes, judge
from hub.channels.simulators.mail import MailSimulator
from hub.contracts.channel import ChannelTurned
from hub.contracts.registry import REGISTRY
from hub.kit.errors import ConfigurationError
from hub.kit.settings import Source
from hub.testing.fakes import FakeClock
from hub.testing.waiting import eventually
from services.email.adapters.oauth import CHECK_CONSENT
from services.email.errors import MEANING
from services.email.settings import Settings
from tests.services.email.conftest import OURS, EmailHarness

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SILENCE = timedelta(minutes=5)


class AlarmHarness(EmailHarness):
    """Hears what is told about channels."""

    ears: Reader | None = None
    heard: list[ChannelTurned]

    async def alarms(self, count: int) -> list[ChannelTurned]:
        """Waits for so many, then a little longer for one too many."""
        await eventually(self._hear, lambda heard: len(heard) >= count)
        await asyncio.sleep(1.5)
        return await self._hear()

    async def _hear(self) -> list[ChannelTurned]:
        """All so far."""
        assert self.ears is not None
        for record in await self.ears.read(wait=0.05):
            event = REGISTRY.decode(record).event
            assert isinstance(event, ChannelTurned)
            self.heard.append(event)
        return self.heard


@pytest.fixture
async def harness(tmp_path: Path, simulator: MailSimulator) -> AsyncIterator[AlarmHarness]:
    made = AlarmHarness(tmp_path, simulator, SAFETY_POLL="0.3", SILENCE="2.5")
    made.heard = []
    await made.open()
    made.ears = await made.bus.reader(["channels"])
    await made.until_healthy("green")
    yield made
    await made.ears.close()
    await made.close()


@pytest.mark.slow
async def test_a_silence_is_one_event_and_its_end_another_also_over_a_restart(harness: AlarmHarness) -> None:
    await harness.simulator.stop()
    await harness.until_healthy("red")
    (red,) = await harness.alarms(1)
    assert (red.state, red.account, red.address) == ("red", harness.mailbox_id, OURS)
    assert (red.reason or "").startswith("nothing could be fetched since 20")
    assert (red.reason or "").endswith("the connection was refused; check host and port")
    await harness.stop()
    await harness.start()
    assert len(await harness.alarms(1)) == 1
    await harness.simulator.start()
    green = (await harness.alarms(2))[1]
    assert (green.state, green.red_since, green.reason) == ("green", red.at, None)
    await harness.simulator.stop()
    assert [event.state for event in await harness.alarms(3)] == ["red", "green", "red"]
    await harness.simulator.start()


@pytest.mark.slow
async def test_a_refused_login_is_one_event_however_often_it_is_tried(harness: AlarmHarness) -> None:
    harness.spoil_credentials()
    (red,) = await harness.alarms(1)
    assert (red.reason or "").endswith("wrong password; check user and password")
    harness.mend_credentials()
    assert [event.state for event in await harness.alarms(2)] == ["red", "green"]


@pytest.mark.slow
async def test_an_alarm_that_the_bus_did_not_take_is_told_when_it_does(harness: AlarmHarness) -> None:
    harness.bus_switch.up = False
    harness.spoil_credentials()
    await harness.until_healthy("red")
    await asyncio.sleep(1)
    harness.bus_switch.up = True
    assert [event.state for event in await harness.alarms(1)] == ["red"]


def test_a_restart_ends_no_silence_and_a_pause_of_the_hub_is_none() -> None:
    clock = FakeClock(START)
    notes = HealthNotes("mb_1", clock)
    notes.looked()
    clock.advance(timedelta(minutes=3))
    notes.not_received("no answer in time")
    clock.advance(timedelta(days=1))
    after = HealthNotes("mb_1", clock, notes.document())
    assert judge(after.document(), now=clock.now(), silence=SILENCE).state == "starting"
    clock.advance(timedelta(minutes=2))
    after.not_received("no answer in time")
    assert judge(after.document(), now=clock.now(), silence=SILENCE).state == "red"


def test_the_same_reason_try_after_try_is_news_once() -> None:
    notes = HealthNotes("mb_1", FakeClock(START))
    assert [notes.not_received(reason) for reason in ("a", "a", "b", "b")] == [True, False, True, False]
    notes.looked()
    assert notes.not_received("b")


def test_the_page_on_mailboxes_explains_every_reason() -> None:
    page = " ".join((Path(__file__).parents[3] / "docs" / "email.md").read_text().split())
    for kind, meaning in MEANING.items():
        assert f"`{meaning.split(';')[0]}" in page, kind
    for reason in ("check user and password", CHECK_CONSENT, "connect the mailbox again", "refused the client"):
        assert reason in page


def test_a_silence_shorter_than_two_looks_is_refused_at_start() -> None:
    """Else a mailbox that works is red now and then."""
    environ = {"OMNIHUB_EMAIL__SILENCE": "PT1M", "OMNIHUB_EMAIL__SAFETY_POLL": "PT1M"}
    with pytest.raises(ConfigurationError, match=r"EMAIL__SILENCE\).*at least 0:02:00"):
        Settings.load(Source(environ=environ))
