"""The parts of the gateway, as its routes find them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Request

from hub.api.parameters import taken
from hub.idempotency import Keys
from hub.kit.restraint import Restraint
from services.gateway.access.browser import Browser
from services.gateway.access.devices import Devices
from services.gateway.access.hops import Hops
from services.gateway.access.place import Places
from services.gateway.access.service import Desk
from services.gateway.access.spent import Spent
from services.gateway.attachments.service import Attachments
from services.gateway.audit.service import Audit
from services.gateway.deadletters.service import DeadLetters
from services.gateway.employees.announcer import Announcer
from services.gateway.employees.factors import Factors
from services.gateway.employees.service import Employees
from services.gateway.live.service import Live
from services.gateway.passkeys.service import Passkeys
from services.gateway.peers.table import Table
from services.gateway.settings import Settings
from services.gateway.sso.flow import Flows
from services.gateway.sso.provider import Provider
from services.gateway.sso.service import SingleSignOn
from services.gateway.staff.service import Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOn:
    """The single sign-on, where there is one."""

    provider: Provider
    flows: Flows
    service: SingleSignOn
    scopes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Built once in `app.py`."""

    settings: Settings
    hops: Hops
    browser: Browser
    employees: Employees
    factors: Factors
    announcer: Announcer
    desk: Desk
    devices: Devices
    places: Places
    passkeys: Passkeys
    spent: Spent
    sign_on: SignOn | None
    audit: Audit
    keys: Keys
    attachments: Attachments
    letters: DeadLetters
    live: Live
    restraint: Restraint
    staff: Staff
    """Roles and teams."""
    table: Table
    """The services behind the gateway, and what they do."""


def parts_of(request: Request) -> Parts:
    return request.app.state.parts  # type: ignore[no-any-return]


Hub = Annotated[Parts, taken(parts_of)]
"""For a parameter."""
