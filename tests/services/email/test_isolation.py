"""One mailbox in trouble leaves the others as they were (EM-01)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.proxy import CutProxy
from hub.testing.waiting import PATIENCE, eventually
from tests.services.email.conftest import CUSTOMER, OURS, EmailHarness, a_mail

ANOTHER = "another@romashka.example"
_POISON = 150


@pytest.fixture
async def other() -> AsyncIterator[MailSimulator]:
    """A second provider, with a mailbox that will be in trouble."""
    async with MailSimulator([Account(address=ANOTHER, user="another", password="another-password")]) as running:
        yield running


@pytest.fixture
async def proxy(other: MailSimulator) -> AsyncIterator[CutProxy]:
    async with CutProxy(other.imap_address) as running:
        yield running


@pytest.fixture
async def two(
    tmp_path: Path, simulator: MailSimulator, other: MailSimulator, proxy: CutProxy
) -> AsyncIterator[EmailHarness]:
    """Our mailbox, and the one of the second provider behind a proxy."""
    made = EmailHarness(tmp_path, simulator)
    await made.open()
    imap = {**made.server(int(proxy.address.rpartition(":")[2]), "another")}
    smtp = made.server(other.smtp_port, "another")
    answer = await made.api.post("/mailboxes", json=made.mailbox(ANOTHER, imap=imap, smtp=smtp))
    assert answer.status_code == 201, answer.text
    yield made
    await made.close()


async def ours(two: EmailHarness) -> tuple[str, float | None]:
    """State and lag of our mailbox."""
    channels = {item["address"]: item for item in await two.channels()}
    return channels[OURS]["state"], channels[OURS]["lag_seconds"]


async def ours_is_well(two: EmailHarness, *, arrived: int) -> None:
    """Mail to our mailbox comes as ever, and its channel shows no lag."""
    two.customer_writes(f"still here {arrived}")
    await two.arrivals(arrived)
    assert await eventually(lambda: ours(two), lambda seen: seen != ("starting", None)) == ("green", 0.0)


@pytest.mark.slow
async def test_wrong_credentials_of_one_mailbox_leave_the_other_alone(
    two: EmailHarness, other: MailSimulator
) -> None:
    other.faults.imap_logins_refused = "wrong password"
    other.drop_imap()
    for number in range(1, 6):
        await ours_is_well(two, arrived=number)


@pytest.mark.slow
async def test_a_server_that_hangs_leaves_the_other_alone(two: EmailHarness, proxy: CutProxy) -> None:
    await two.restart(OMNIHUB_EMAIL__TIMEOUT=str(10 * PATIENCE))  # so that the server is not given up meanwhile
    proxy.hang()
    proxy.cut_now()
    for number in range(1, 6):
        await ours_is_well(two, arrived=number)
    proxy.resume()


@pytest.mark.slow
async def test_a_flood_of_poison_leaves_the_other_alone(two: EmailHarness, other: MailSimulator) -> None:
    poison = a_mail("x" * 76 + "\n" * 2**20, To=ANOTHER, sender=CUSTOMER)
    for _ in range(_POISON):
        other.deliver(ANOTHER, poison)
    for number in range(1, 6):
        await ours_is_well(two, arrived=number)
    await two.parked(1)
