"""Puts the parts of lead forms together, on what the service has."""

from dataclasses import dataclass
from datetime import timedelta

from hub.api.public import Public
from hub.kit.clock import Clock
from hub.kit.loop import Loop
from hub.store.base import Store
from services.campaigns.consent.service import Consents
from services.campaigns.leadforms import doors, endpoints
from services.campaigns.leadforms.repository import FormRepository
from services.campaigns.leadforms.service import LeadForms
from services.campaigns.leadforms.telling import Leads, Tasks, Telling
from services.campaigns.leadforms.throttle import Throttle
from services.campaigns.settings import Settings
from services.campaigns.sources.service import Sources

_TELLS, _FORGETS = timedelta(seconds=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    forms: LeadForms
    telling: Telling
    throttle: Throttle
    base: str

    def public(self) -> tuple[Public, ...]:
        return endpoints.public(self.forms, self.base), doors.public(self.forms, self.telling, self.throttle)

    def loops(self) -> tuple[Loop, Loop]:
        return (
            Loop("form leads", self.telling.look, every=_TELLS),
            Loop("old form leads", self.telling.forget, every=_FORGETS),
        )


def built(
    store: Store,
    clock: Clock,
    *,
    settings: Settings,
    sources: Sources,
    consents: Consents,
    leads: Leads,
    tasks: Tasks,
    key: bytes,
) -> Parts:
    """Its loops are started by whoever calls; `key` signs what forms carry."""
    repository = FormRepository(store)
    return Parts(
        forms=LeadForms(repository, sources, consents, clock, key=key),
        telling=Telling(repository, leads, tasks, clock),
        throttle=Throttle(repository, clock, most=settings.form_leads, key=key),
        base=settings.public_url,
    )
