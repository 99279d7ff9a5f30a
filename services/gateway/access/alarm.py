"""Tells that a login was locked, with a row of the audit and an event; and that there may be a copy of a passkey."""

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.employee import LoginLocked
from hub.kit.clock import Clock
from hub.kit.errors import HubError, TooManyRequests, Unauthenticated
from hub.kit.log import Log
from services.gateway.access.throttle import By, Lock
from services.gateway.audit.changes import changes
from services.gateway.audit.service import Audit, Deed
from services.gateway.employees.announcer import SOURCE
from services.gateway.passkeys.service import CounterBack

log = Log(__name__)
ROUTE = "/api/v1/sessions"
ACTION = "lockLogin"
COUNTER = "refusePasskey"
"""In the audit."""


class Alarm:
    """A store or bus that is down keeps nobody from being refused."""

    def __init__(self, audit: Audit, bus: Bus, clock: Clock) -> None:
        self._audit = audit
        self._bus = bus
        self._clock = clock

    async def locked(self, lock: Lock) -> None:
        attempt, now = lock.attempt, self._clock.now()
        log.warning("login.locked", by=lock.by.value)
        deed = Deed(
            login="-", method="POST", route=ROUTE, target=attempt.login, address=attempt.address, action=ACTION
        )
        login = None if lock.by is By.ADDRESS else attempt.login
        fact = LoginLocked(login=login, network=attempt.network, by=lock.by.value, until=lock.until, at=now)
        try:
            await self._audit.note_refusal(deed, TooManyRequests.status_code)
            await self._bus.publish([Envelope(event=fact, source=SOURCE, time=now)])
        except HubError as exc:
            log.warning("lock.untold", reason=str(exc))

    async def counter_back(self, found: CounterBack) -> None:
        """Noted whatever the number of refusals: it takes the key, so strangers cannot fill the audit with it."""
        log.warning("passkey.counter_back", passkey=found.passkey, before=found.before, after=found.after)
        used = changes({"count": found.before}, {"count": found.after, "id": found.passkey})
        deed = Deed(
            login="-",
            method="POST",
            route=f"{ROUTE}/passkey",
            target=found.login,
            address="-",
            action=COUNTER,
            changes=used,
        )
        try:
            await self._audit.note(deed, Unauthenticated.status_code)
        except HubError as exc:
            log.warning("passkey.untold", reason=str(exc))
