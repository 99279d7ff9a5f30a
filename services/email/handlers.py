"""The bus door: messages to be sent, and parked mails that are replayed."""

from collections.abc import Callable, Sequence

from hub.bus.base import Bus
from hub.channels.ledger import Ledger
from hub.contracts.base import Envelope
from hub.contracts.employee import EmployeesListed
from hub.contracts.park import RawMailStored
from hub.contracts.topics import EMPLOYEES, OUTBOUND_EMAIL, OUTBOUND_MASS_EMAIL, RAW_EMAIL
from hub.kit.clock import iso
from services.email.inbound.service import Intake
from services.email.mailboxes.repository import MailboxRepository

GROUP = "email"


def subscribe(
    bus: Bus, *, ledger: Ledger, intake: Intake, mailboxes: MailboxRepository, wake: Callable[[str], None]
) -> None:
    """`wake` is called with each mailbox that has something to send."""

    async def on_send(envelopes: Sequence[Envelope]) -> None:
        for mailbox_id in await ledger.hear(envelopes):
            wake(mailbox_id)

    async def on_raw_mail(envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if isinstance(envelope.event, RawMailStored):
                await intake.replay(envelope.event)

    async def on_employees(envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if isinstance(envelope.event, EmployeesListed):
                event = envelope.event
                logins = {person.login: person.name for person in event.people}
                await mailboxes.remember_colleagues(event.names, iso(event.at), logins=logins)

    bus.subscribe(EMPLOYEES.name, group=GROUP, handle=on_employees)
    bus.subscribe(OUTBOUND_EMAIL.name, group=GROUP, handle=on_send)
    bus.subscribe(OUTBOUND_MASS_EMAIL.name, group=GROUP, handle=on_send)
    bus.subscribe(RAW_EMAIL.name, group=GROUP, handle=on_raw_mail)
