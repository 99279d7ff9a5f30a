"""The Sent folder is watched: what employees send with other mail programs, over real sockets."""

from datetime import UTC, datetime

import pytest

from hub.channels.simulators.mail import MailSimulator
from hub.contracts.base import Envelope
from hub.contracts.employee import Colleague, EmployeesListed
from hub.contracts.interaction import DeliveryState, Direction, InteractionReceived, Role
from tests.services.email.conftest import CUSTOMER, OURS, SALES, EmailHarness, a_mail

PEOPLE = {"olga": "Ольга Смирнова", "sales": "Отдел продаж", "ivan": "Иван Иванов", "vanya": "Иван Иванов"}


async def listed(harness: EmailHarness) -> None:
    """The hub knows who works here."""
    people = tuple(Colleague(login=login, name=name) for login, name in PEOPLE.items())
    event = EmployeesListed(names=tuple(PEOPLE.values()), people=people, at=datetime.now(UTC))
    await harness.bus.publish([Envelope(event=event, source="omnihub/suite", time=event.at)])


def employee_sends(simulator: MailSimulator, text: str, number: int, *, sender: str, to: str = CUSTOMER) -> None:
    """As a mail program does: what was sent is put into the Sent folder."""
    raw = a_mail(text, number=number, sender=sender, To=to, In_Reply_To="<question@client.example>")
    simulator.deliver(OURS, raw, folder="Sent")


async def watched(harness: EmailHarness, *, watch: bool = True) -> None:
    answer = await harness.api.patch(f"/mailboxes/{harness.mailbox_id}", json={"watch_sent": watch})
    assert (answer.status_code, answer.json()["watch_sent"]) == (200, watch)


@pytest.mark.slow
async def test_what_employees_send_elsewhere_is_told_once_from_then_on_and_what_the_hub_sent_is_not(
    harness: EmailHarness, simulator: MailSimulator
) -> None:
    await listed(harness)
    before = datetime(2026, 1, 1, tzinfo=UTC)
    simulator.deliver(OURS, a_mail("long ago", number=1, sender=OURS, To=CUSTOMER), folder="Sent", at=before)
    await watched(harness)
    message = harness.message("by the hub")
    await harness.give(message)
    copied = await harness.told(
        type(await harness.delivery(message, DeliveryState.SENT)),
        lambda found: any(one.copy_state == "saved" for one in found),
    )
    assert copied
    employee_sends(simulator, "by name", 2, sender=f"Ольга Смирнова <{OURS}>")
    employee_sends(simulator, "by login", 3, sender=f"<{SALES}>")
    employee_sends(simulator, "of two of one name", 4, sender="Иван Иванов <director@elsewhere.example>")
    employee_sends(simulator, "among ourselves", 5, sender="<olga@elsewhere.example>", to=OURS)
    found = await harness.arrivals(3)
    told = {event.text.strip(): (event.author, event.direction) for event in found}
    assert told == {
        "by name": ("olga", Direction.OUT),
        "by login": ("sales", Direction.OUT),
        "of two of one name": (None, Direction.OUT),
    }
    assert {event.refs for event in found} == {("email:<question@client.example>",)}
    ours = {(p.role, p.ours) for event in found for p in event.participants}
    assert ours == {(Role.FROM, True), (Role.TO, False)}
    simulator.recreate(OURS, "Sent")
    simulator.deliver(
        OURS,
        a_mail(
            "by name",
            number=2,
            sender=f"Ольга Смирнова <{OURS}>",
            To=CUSTOMER,
            In_Reply_To="<question@client.example>",
        ),
    )
    harness.customer_writes("thank you", Message_ID="<thanks@client.example>")
    employee_sends(simulator, "once more", 6, sender=OURS)
    assert {event.text.strip() for event in (await harness.arrivals(5))[3:]} == {"thank you", "once more"}
    assert len(await harness.events(InteractionReceived)) == 5
