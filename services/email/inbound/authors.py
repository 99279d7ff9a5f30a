"""What one of us sent with another mail program: who wrote it, and whether it is anybody's concern: pure."""

from collections.abc import Mapping
from dataclasses import replace

from hub.contracts.interaction import InteractionReceived, Participant, Role
from services.email.inbound.models import Reading


def signed(reading: Reading, logins: Mapping[str, str]) -> Reading:
    """With the login of whoever wrote it, where it is known; `logins` has the names of those who work here."""
    if reading.normalised is None or not reading.stored.fact.sent:
        return reading
    event = reading.normalised.event
    author = _author(event, logins)
    event = event.model_copy(update={"author": author})
    return replace(reading, normalised=replace(reading.normalised, event=event))


def is_among_ourselves(reading: Reading) -> bool:
    """It was sent to nobody but us: whoever of us got it tells it."""
    if reading.normalised is None or not reading.stored.fact.sent:
        return False
    return all(person.ours for person in reading.normalised.event.participants)


def _author(event: InteractionReceived, logins: Mapping[str, str]) -> str | None:
    """Whose login is the sender's address, or what is before its @; else the only one of that name."""
    sender = next((person for person in event.participants if person.role is Role.FROM), None)
    if sender is None:
        return None
    address = sender.address.removeprefix("email:")
    for login in (address, address.partition("@")[0].partition("+")[0]):
        if login in logins:
            return login
    return _named(sender, logins)


def _named(sender: Participant, logins: Mapping[str, str]) -> str | None:
    name = " ".join(sender.name.split()).casefold()
    found = [login for login, known in logins.items() if " ".join(known.split()).casefold() == name]
    return found[0] if name and len(found) == 1 else None
