"""The bus door of the interactions service."""

from collections.abc import Sequence

from hub.bus.base import Bus
from hub.contracts import topics
from hub.contracts.base import Envelope
from hub.contracts.employee import EmployeesListed
from hub.contracts.interaction import ACKNOWLEDGE, BOUNCE, CONTACTS, INVITATION, INVITED, REACH, WROTE
from hub.contracts.task import REMINDED
from services.interactions.bounces import Bounces
from services.interactions.contacts import Contacts
from services.interactions.courtesy import Courtesy
from services.interactions.invitations.following import Following
from services.interactions.notifications.service import Notifications
from services.interactions.push.devices import Devices
from services.interactions.service import GROUP, Interactions
from services.interactions.tasks.missed import MissedCalls


def subscribe(
    bus: Bus,
    service: Interactions,
    *,
    bounces: Bounces,
    contacts: Contacts,
    courtesy: Courtesy,
    missed: MissedCalls,
    invitations: Following,
    notifications: Notifications,
    devices: Devices,
    batch: int,
) -> None:
    """What it listens to. What follows from an interaction has groups of its own: none of it holds up linking."""
    bus.subscribe(topics.INBOUND.name, group=GROUP, handle=service.receive, max_records=batch)
    bus.subscribe(topics.DELIVERY.name, group=GROUP, handle=service.record_deliveries, max_records=batch)
    followers = {
        BOUNCE: bounces.hear,
        CONTACTS: contacts.hear,
        ACKNOWLEDGE: courtesy.hear,
        REACH: missed.hear,
        INVITATION: invitations.hear,
        INVITED: invitations.invited,
        WROTE: notifications.hear,
    }
    for mark, handle in followers.items():
        bus.subscribe(topics.INTERACTIONS.name, group=f"{GROUP}.{mark}", handle=handle, marks={mark})
    bus.subscribe(topics.TASKS.name, group=f"{GROUP}.{REMINDED}", handle=notifications.hear, marks={REMINDED})

    async def on_employees(envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            if isinstance(envelope.event, EmployeesListed):
                await devices.keep({one.login: one.epoch for one in envelope.event.people})

    bus.subscribe(topics.EMPLOYEES.name, group=f"{GROUP}.employees", handle=on_employees)
    bus.subscribe(topics.NOTICES.name, group=f"{GROUP}.notices", handle=notifications.hear)
