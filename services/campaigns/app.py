"""Puts the campaigns service together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import FastAPI

from hub.api.public import Public, publish
from hub.footing import Footing
from hub.jobs import endpoints as job_endpoints
from hub.jobs.service import Jobs
from hub.kit.http import Ping, service_app
from hub.kit.loop import Loop, Runs
from hub.repeats import answer_repeats
from hub.store.outbox import Sweeper
from services.campaigns.attribution import parts as money_parts
from services.campaigns.calllists import parts as call_parts
from services.campaigns.consent import parts as consent_parts
from services.campaigns.floor import SERVICE, Floor
from services.campaigns.leadforms import parts as form_parts
from services.campaigns.mailings import parts as mailing_parts
from services.campaigns.marketingevents import parts as event_parts
from services.campaigns.moneyfiles import parts as file_parts
from services.campaigns.plans import parts as plan_parts
from services.campaigns.policies import parts as policy_parts
from services.campaigns.segments import parts as segment_parts
from services.campaigns.sequences import parts as sequence_parts
from services.campaigns.templates import endpoints as template_endpoints
from services.campaigns.templates.repository import TemplateRepository
from services.campaigns.templates.service import Templates


class CampaignsService:
    """Consent, segments, templates, mailings."""

    name = SERVICE

    def __init__(self, http: FastAPI, floor: Floor, loops: Sequence[Runs]) -> None:
        self.http = http
        self._floor = floor
        self._loops = loops

    async def start(self) -> None:
        await self._floor.store.start()
        await self._floor.bus.start()
        for loop in self._loops:
            await loop.start()

    async def stop(self) -> None:
        for loop in reversed(self._loops):
            await loop.stop()
        await self._floor.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Of the whole service, each noun's."""

    templates: Templates
    consent: consent_parts.Parts
    segments: segment_parts.Parts
    mailings: mailing_parts.Parts
    sequences: sequence_parts.Parts
    money: money_parts.Parts
    calls: call_parts.Parts
    gatherings: event_parts.Parts
    forms: form_parts.Parts
    plans: plan_parts.Parts
    policies: tuple[Public, Loop, Loop]


def build(footing: Footing) -> CampaignsService:
    """The service on its footing."""
    floor = Floor(footing)
    parts = _parts(floor)
    jobs = _jobs(floor, parts)
    http = _http(floor, *_publics(floor, parts, jobs))
    told = [parts.segments.repository.segments, parts.mailings.repository.mailings]
    sweeper = Sweeper(
        [*told, *parts.money.told, parts.plans.told], floor.bus, footing.clock, floor.settings.sweep_interval
    )
    return CampaignsService(http, floor, (sweeper, *_loops(parts, jobs)))


def _parts(floor: Floor) -> Parts:
    """In the order in which they need each other."""
    templates = Templates(
        TemplateRepository(floor.store, floor.footing.blobs), floor.footing.apart, floor.footing.clock
    )
    segments, consent = _segments(floor), _consent(floor)
    mailings = _mailings(floor, templates, segments, consent)
    money = _money(floor, consent)
    sequences = _sequences(floor, mailings, segments)
    calls = _calls(floor, money)
    gatherings = event_parts.built(
        floor.store,
        floor.bus,
        floor.footing.clock,
        sources=money.sources,
        consents=consent.consents,
        whose=floor.columns,
        chains=floor.dialling,
        enters=sequences.entering,
        finds={"template": templates, "list": segments.lists, "mailing": mailings.mailings},
        master=floor.master,
        base=floor.settings.public_url,
    )
    return Parts(
        templates=templates,
        consent=consent,
        segments=segments,
        mailings=mailings,
        sequences=sequences,
        money=money,
        calls=calls,
        gatherings=gatherings,
        forms=_forms(floor, money, consent),
        plans=_plans(floor, money, mailings, calls, gatherings),
        policies=policy_parts.built(floor.store, floor.bus, floor.footing.clock, money.attribution, floor.dialling),
    )


def _segments(floor: Floor) -> segment_parts.Parts:
    footing = floor.footing
    return segment_parts.built(
        floor.store, footing.blobs, floor.bus, footing.clock, columns=floor.columns, leases=floor.leases
    )


def _consent(floor: Floor) -> consent_parts.Parts:
    footing, settings = floor.footing, floor.settings
    return consent_parts.built(
        floor.store,
        footing.blobs,
        floor.bus,
        footing.clock,
        region=settings.region,
        master=floor.master,
        base=settings.public_url,
    )


def _mailings(
    floor: Floor, templates: Templates, segments: segment_parts.Parts, consent: consent_parts.Parts
) -> mailing_parts.Parts:
    footing = floor.footing
    return mailing_parts.built(
        floor.store,
        footing.blobs,
        floor.bus,
        footing.clock,
        templates=templates,
        segments=segments.segments,
        columns=floor.columns,
        consents=consent.consents,
        accounts=floor.directory,
        guests=event_parts.guests(floor.store, master=floor.master, base=floor.settings.public_url),
        leases=floor.leases,
        restraint=footing.restraint,
        master=floor.master,
        base=floor.settings.public_url,
    )


def _money(floor: Floor, consent: consent_parts.Parts) -> money_parts.Parts:
    footing = floor.footing
    return money_parts.built(
        floor.store,
        footing.blobs,
        floor.bus,
        footing.clock,
        settings=floor.settings,
        books=floor.books,
        consents=consent.consents,
        key=footing.secrets.derived("statements"),
    )


def _sequences(floor: Floor, mailings: mailing_parts.Parts, segments: segment_parts.Parts) -> sequence_parts.Parts:
    return sequence_parts.built(
        floor.store,
        floor.bus,
        floor.footing.clock,
        standing=mailings.standing,
        mailings=mailings.mailings,
        kept_mailings=mailings.repository,
        segments=segments.segments,
        columns=floor.columns,
        books=floor.books,
        leases=floor.leases,
        restraint=floor.footing.restraint,
    )


def _calls(floor: Floor, money: money_parts.Parts) -> call_parts.Parts:
    footing = floor.footing
    return call_parts.built(
        floor.store,
        floor.bus,
        footing.clock,
        settings=floor.settings,
        sources=money.sources,
        dialling=floor.dialling,
        crew=floor.crew,
        leases=floor.leases,
        held=lambda: footing.restraint.held,
    )


def _forms(floor: Floor, money: money_parts.Parts, consent: consent_parts.Parts) -> form_parts.Parts:
    return form_parts.built(
        floor.store,
        floor.footing.clock,
        settings=floor.settings,
        sources=money.sources,
        consents=consent.consents,
        leads=money.touches,
        tasks=floor.dialling,
        key=floor.footing.secrets.derived("lead forms"),
    )


def _plans(
    floor: Floor,
    money: money_parts.Parts,
    mailings: mailing_parts.Parts,
    calls: call_parts.Parts,
    gatherings: event_parts.Parts,
) -> plan_parts.Parts:
    finds = {"mailing": mailings.mailings.get, "call_list": calls.lists.get, "event": gatherings.events.get}
    shows = {"event": gatherings.events.source_of, "call_list": calls.lists.source_of}
    store, bus, clock = floor.store, floor.bus, floor.footing.clock
    return plan_parts.built(store, bus, clock, money.sources, money.attribution, finds=finds, shows=shows)


def _jobs(floor: Floor, parts: Parts) -> Jobs:
    footing, settings, segments = floor.footing, floor.settings, parts.segments
    mailings, money = parts.mailings, parts.money
    return Jobs(
        [
            segments.reading(footing.apart, region=settings.region),
            mailings.job(),
            *mailings.letters.jobs(footing.apart),
            segments.classes.job(floor.books, settings.currency),
            parts.calls.job(segments.segments, segments.lists, floor.columns),
            parts.gatherings.job(
                floor.columns, segments.lists, mailings.repository, parts.consent.consents, mailings.messages
            ),
            parts.gatherings.telling(mailings.messages),
            file_parts.job(money.book, money.sources, footing.blobs, footing.apart),
        ],
        service=SERVICE,
        store=floor.store,
        bus=floor.bus,
        clock=footing.clock,
        owner=floor.owner.name,
        restraint=footing.restraint,
    )


def _publics(floor: Floor, parts: Parts, jobs: Jobs) -> Iterator[Public]:
    """The doors of each, in the order of the API's description."""
    footing, settings = floor.footing, floor.settings
    consent, mailings = parts.consent, parts.mailings
    yield template_endpoints.public(parts.templates, floor.interactions)
    yield from parts.segments.public(jobs, floor.uploads)
    yield from consent.public(floor.columns, mailings.recipients(consent.invitations))
    yield from mailings.public(jobs, [parts.sequences.public(mailings.mailed)])
    yield mailings.letters.public(jobs, floor.uploads)
    yield from parts.money.public()
    yield parts.plans.public()
    yield from parts.gatherings.public(jobs)
    yield from parts.forms.public()
    yield parts.policies[0]
    yield file_parts.public(jobs, footing.blobs, footing.apart, settings.currency, floor.uploads)
    yield from parts.calls.public(jobs)
    yield job_endpoints.public(jobs)


def _loops(parts: Parts, jobs: Jobs) -> Iterator[Runs]:
    """They are started in this order, and stopped in the other."""
    yield from (parts.segments.watching, jobs, parts.mailings.runner)
    yield from (
        parts.sequences.advancing,
        parts.mailings.recorder,
        parts.mailings.loop(),
        parts.mailings.letters.loop(jobs),
    )
    yield from (*parts.calls.loops, *parts.gatherings.loops(jobs), *parts.forms.loops(), *parts.policies[1:])


def _http(floor: Floor, *publics: Public) -> FastAPI:
    footing, store = floor.footing, floor.store
    checks: dict[str, Ping] = {"store": store.ping, "bus": floor.bus.ping, "blobs": footing.blobs.ping}
    http = service_app("omnihub campaigns", checks=checks)
    publish(http, *publics, service=SERVICE, seal=footing.seal)
    answer_repeats(http, store, footing.clock, service=SERVICE, seal=footing.seal)
    return http
