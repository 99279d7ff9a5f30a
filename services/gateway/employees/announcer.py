"""Tells the others who works here: at the start, and whenever it is another."""

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.employee import Colleague, EmployeesListed
from hub.kit.clock import Clock
from hub.kit.errors import TransientError
from hub.kit.every import every
from hub.kit.log import Log
from services.gateway.employees.service import Employees

SOURCE = "omnihub/gateway"
_PAGE = 500
log = Log(__name__)


class Announcer:
    """What a bus that was down did not hear, it hears at the next change or start."""

    def __init__(self, employees: Employees, bus: Bus, clock: Clock) -> None:
        self._employees = employees
        self._bus = bus
        self._clock = clock

    async def tell(self) -> None:
        """Publishes the names of all who may log in."""
        now = self._clock.now()
        people = tuple(await self._people())
        fact = EmployeesListed(names=tuple(one.name for one in people), people=people, at=now)
        try:
            await self._bus.publish([Envelope(event=fact, source=SOURCE, time=now)])
        except TransientError as exc:
            log.warning("employees.untold", reason=str(exc))

    async def _people(self) -> list[Colleague]:
        everybody = await every(lambda after: self._employees.page(limit=_PAGE, after=after))
        return [Colleague(login=one.login, name=one.name, epoch=one.epoch) for one in everybody if one.active]
