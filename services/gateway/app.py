"""Puts the gateway together."""

import asyncio
from datetime import timedelta
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from hub.api.rights import Right
from hub.bus.base import Bus
from hub.footing import Footing
from hub.idempotency import Keys
from hub.kit.errors import StoreUnavailable
from hub.kit.http import service_app
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.kit.reasons import reason_of
from hub.store.base import Store
from services.gateway import explorer
from services.gateway.access import endpoints as access
from services.gateway.access.alarm import Alarm
from services.gateway.access.browser import Browser
from services.gateway.access.devices import Devices
from services.gateway.access.hops import Hops, networks
from services.gateway.access.place import Places
from services.gateway.access.service import Desk
from services.gateway.access.spent import Spent
from services.gateway.access.throttle import KNOWN_FOR, Limits, Throttle
from services.gateway.attachments import endpoints as attachments
from services.gateway.attachments.service import Attachments
from services.gateway.audit import endpoints as audits
from services.gateway.audit.service import Audit
from services.gateway.deadletters import endpoints as deadletters
from services.gateway.deadletters.handlers import subscribe
from services.gateway.deadletters.service import DeadLetters
from services.gateway.employees import endpoints as employees
from services.gateway.employees.announcer import Announcer
from services.gateway.employees.factors import Factors
from services.gateway.employees.passwords import Passwords
from services.gateway.employees.service import Employees
from services.gateway.feeds import endpoints as feeds
from services.gateway.guard import BASE
from services.gateway.headers import Guarded
from services.gateway.held import endpoints as held
from services.gateway.live import endpoints as live
from services.gateway.live.scopes import Scopes
from services.gateway.live.service import Live, LiveLimits
from services.gateway.live.watch import Watch
from services.gateway.looking import Looking
from services.gateway.parts import Parts
from services.gateway.passkeys import endpoints as passkeys
from services.gateway.passkeys.ceremonies import Ceremonies
from services.gateway.passkeys.service import Passkeys
from services.gateway.peers import document, hooks, pages
from services.gateway.peers.forward import Peer
from services.gateway.peers.routes import Declared
from services.gateway.peers.table import Table
from services.gateway.settings import Settings
from services.gateway.sso import endpoints as sso
from services.gateway.sso.setting_up import sign_on
from services.gateway.staff import endpoints as staff
from services.gateway.staff.service import Staff
from services.gateway.workspace import endpoints as workspace

log = Log(__name__)
ROUTERS: tuple[APIRouter, ...] = (
    held.routes,
    access.routes,
    feeds.routes,
    attachments.routes,
    live.routes,
    deadletters.routes,
    employees.routes,
    passkeys.routes,
    staff.routes,
    audits.routes,
)
"""The gateway's own guarded routes, in the order of the documentation; what the services declare comes after."""
_BUILT = Path(__file__).parent / "workspace" / "dist"
_SWEEP = timedelta(minutes=10)
_BACK_OFF = 1.0


class Gateway:
    """Employees, sessions, audit, attachments, live push; the way in for everything else."""

    name = "gateway"
    first_password: str | None = None
    """After the very first start, if no password was given: the one made up for `admin`, to be printed once."""

    def __init__(self, http: FastAPI, parts: Parts, *, bus: Bus, store: Store, throttle: Throttle) -> None:
        self.http = http
        self.callers = parts.hops
        """Tells the server who is behind a connection."""
        self._parts = parts
        self._bus = bus
        self._store = store
        self._throttle = throttle
        self._sweeping = Loop("gateway", self._sweep, every=_SWEEP)

    async def start(self) -> None:
        await self._open()
        await self._bus.start()
        await self._parts.announcer.tell()
        await self._parts.table.start()
        await self._parts.live.start()
        await self._sweeping.start()

    async def drain(self) -> None:
        """Ends the live streams, so that a server which waits for open connections need not wait for those."""
        await self._parts.live.stop()

    async def stop(self) -> None:
        await self.drain()
        await self._sweeping.stop()
        await self._bus.stop()
        await self._parts.staff.stop()
        await self._parts.table.stop()
        for peer in self._parts.table.peers:
            await peer.close()
        if self._parts.sign_on is not None:
            await self._parts.sign_on.provider.close()
        await self._store.stop()

    async def _open(self) -> None:
        given = self._parts.settings.admin_password
        while True:
            try:
                await self._store.start()
                await self._parts.staff.start()
                password = await self._parts.employees.open(given.get_secret_value() if given else None)
                self.first_password = password
                return
            except StoreUnavailable as exc:
                log.warning("store.waiting", reason=str(exc))
                await asyncio.sleep(_BACK_OFF)

    async def _sweep(self) -> None:
        parts = self._parts
        carry_over = parts.attachments.carry_over
        access = (parts.desk.sweep, self._throttle.sweep, parts.spent.sweep)
        for sweep in (carry_over, *access, parts.keys.sweep, parts.audit.sweep):
            try:
                await sweep()
            except Exception as exc:
                # One that fails must not end the others; it comes round again.
                log.error("gateway.not_swept", reason=reason_of(exc))


def build(footing: Footing) -> Gateway:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store = footing.bus("gateway"), footing.store("gateway")
    audit = Audit(store, footing.clock)
    alarm = Alarm(audit, bus, footing.clock)
    throttle = Throttle(store, _limits(settings), footing.clock, tell=alarm.locked)
    parts = _parts(footing, settings, bus, store, throttle, audit, alarm)
    subscribe(bus, parts.letters)
    http = _http(bus, store, parts.table, Looking(parts.hops, settings.metrics_token.get_secret_value()))
    http.state.parts = parts
    return Gateway(http, parts, bus=bus, store=store, throttle=throttle)


def _limits(settings: Settings) -> Limits:
    return Limits(
        per_login=settings.tries_per_login,
        per_address=settings.tries_per_address,
        anywhere=settings.tries_anywhere,
        window=settings.tries_window,
    )


def _parts(
    footing: Footing, settings: Settings, bus: Bus, store: Store, throttle: Throttle, audit: Audit, alarm: Alarm
) -> Parts:
    clock = footing.clock
    team_staff = Staff(store, away=lambda logins: known.away(logins))
    passwords = Passwords(memory_kib=settings.password_memory)
    known = Employees(store, passwords, clock, rights=lambda role: team_staff.rules(role).rights)
    hops = Hops(networks(settings.trusted_proxies), header=settings.proxy_header.lower())
    live_limits = LiveLimits(
        events=settings.live_events,
        size=settings.live_bytes,
        waiting=settings.live_waiting,
        heartbeat=settings.live_heartbeat,
    )
    factors = Factors(store, footing.secrets, clock)
    announcer = Announcer(known, bus, clock)
    desk = Desk(
        store,
        known,
        throttle,
        factors,
        clock,
        session_lifetime=settings.session_lifetime,
        factor_roles=settings.second_factor_roles,
        break_glass=settings.oidc_break_glass if settings.oidc_only else None,
        ended=announcer.tell,
    )
    browser, spent = Browser(hops), Spent(store, clock)
    ceremonies = Ceremonies(footing.secrets, spent, clock)
    watch = Watch(lambda ids: desk.standings(ids, Right.READ_CORRESPONDENCE))
    table = Table([_peer(footing, settings, name) for name in footing.others])
    return Parts(
        settings=settings,
        hops=hops,
        browser=browser,
        places=Places(browser, settings.public_url),
        passkeys=Passkeys(store, ceremonies, factors.recovery, clock, tell=alarm.counter_back),
        spent=spent,
        sign_on=sign_on(footing, settings, known, desk, spent, team_staff) if settings.oidc_issuer else None,
        employees=known,
        factors=factors,
        announcer=announcer,
        desk=desk,
        audit=audit,
        devices=Devices(footing.secrets, clock, lifetime=KNOWN_FOR),
        keys=Keys(store, clock, service="gateway", window=settings.idempotency_window),
        attachments=Attachments(store, footing.blobs, clock, limit=settings.attachment_limit),
        letters=DeadLetters(store, bus, footing.blobs, clock),
        live=Live(bus, live_limits, watch, Scopes(table.scopes)),
        restraint=footing.restraint,
        staff=team_staff,
        table=table,
    )


def _peer(footing: Footing, settings: Settings, name: str) -> Peer:
    return Peer(name, footing.peer(name), timeout=settings.peer_timeout, seal=footing.seal)


def _http(bus: Bus, store: Store, table: Table, looking: Looking) -> FastAPI:
    http = service_app(
        "omnihub",
        checks={"store": store.ping, "bus": bus.ping},
        may_look=looking.allowed,
        version="1",
        description="Every contact in its client's chain. Log in with POST /api/v1/sessions.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    http.add_middleware(Guarded)
    # What comes most often is looked for first.
    own = [feeds.doors, pages.routes, hooks.routes, *ROUTERS, explorer.routes, document.routes, sso.routes]
    http.router.routes.append(Declared(table, but={_first_word(route) for routes in own for route in routes.routes}))
    for routes in own:
        # As they are: `include_router` would analyse every route again for every application.
        http.router.routes.extend(routes.routes)
    http.router.routes.append(Declared(table))
    http.router.routes.extend(workspace.routes_of(_BUILT).routes)
    return http


def _first_word(route: BaseRoute) -> str:
    """Of a path below /api/v1."""
    return str(getattr(route, "path", "")).removeprefix(BASE).strip("/").partition("/")[0]
