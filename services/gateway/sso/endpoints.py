"""The HTTP door of the single sign-on. Browsers are led here and away again, and the provider calls: no API."""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from hub.kit import plain
from hub.kit.errors import HubError, NotFound
from hub.kit.http import body_of
from hub.kit.networks import network_of
from services.gateway.access.browser import refuse_foreign
from services.gateway.access.endpoints import MAX_PROGRAM, device_of, hand_over
from services.gateway.access.throttle import Attempt
from services.gateway.audit.service import Deed
from services.gateway.errors import BadLogout, NotVerified
from services.gateway.guard import BASE, NOBODY, client_address
from services.gateway.parts import Hub, Parts, SignOn
from services.gateway.sso.flow import COOKIE, LIFETIME, Flow

routes = APIRouter(prefix=BASE)
_PATH = f"{BASE}/sessions/oidc"
_BODY = 128 * 1024
"""Bytes of a logout token in its form."""
_SHOWN = 200
_QUIET = {"Cache-Control": "no-store"}


@routes.get("/sessions/oidc", include_in_schema=False)
async def go_to_provider(request: Request, hub: Hub) -> Response:
    """Leads a browser to the provider; `next` is where it goes in the end."""
    refuse_foreign(request, proof=False)
    sign_on = _configured(hub)
    flow = sign_on.flows.begin(hub.places.of(request).origin, request.query_params.get("next", "/"))
    url = await sign_on.provider.address(flow, sign_on.scopes)
    response = RedirectResponse(url, 303, headers=_QUIET)
    # The provider's page leads back here, and along with that browsers send no Strict cookie. This one opens nothing.
    sealed = sign_on.flows.seal(flow)
    hub.browser.put(request, response, COOKIE, sealed, lifetime=LIFETIME, same_site="lax")
    return response


@routes.get("/sessions/oidc/callback", include_in_schema=False)
async def come_back(request: Request, hub: Hub) -> Response:
    """Whoever comes back from the provider is logged in, as a browser, and led to where he wanted."""
    sign_on, address = _configured(hub), client_address(request)
    # By the network alone: nobody is named yet, and strangers elsewhere keep nobody out.
    attempt = Attempt(login=f"{COOKIE} {network_of(address)}", address=address)
    response: Response
    login = NOBODY
    try:
        flow = _flow(request, hub, sign_on)

        async def entered() -> Response:
            nonlocal login
            code = await _code(request, sign_on)
            program = request.headers.get("User-Agent", "")[:MAX_PROGRAM]
            granted, employee = await sign_on.service.log_in(code, flow, address=address, program=program)
            login, leading = employee.login, RedirectResponse(flow.next, 303, headers=_QUIET)
            await hand_over(granted, login, device_of(request, hub, login), hub, request, leading)
            return leading

        response = await hub.desk.counted(attempt, entered)
    except HubError as exc:
        await hub.audit.note_refusal(_deed(request, "callback", "logInOidc", NOBODY, address), exc.status_code)
        raise
    hub.browser.clear(request, response, COOKIE)
    await hub.audit.note(_deed(request, "callback", "logInOidc", login, address), response.status_code)
    await hub.announcer.tell()
    await hub.staff.look()
    return response


@routes.post("/sessions/oidc/backchannel-logout", include_in_schema=False)
async def log_out_elsewhere(request: Request, hub: Hub) -> Response:
    """The provider says that a session there is over."""
    sign_on, address = _configured(hub), client_address(request)
    body = await body_of(request, _BODY, words=f"a logout may have {_BODY // 1024} KiB")
    try:
        tokens = parse_qs(body.decode("ascii", "replace"), max_num_fields=10).get("logout_token", [])
    except ValueError as exc:
        raise BadLogout("more fields than a logout has; give logout_token") from exc
    try:
        login = await sign_on.service.log_out(tokens[0] if len(tokens) == 1 else "")
    except NotVerified as exc:
        deed = _deed(request, "backchannel-logout", "logOutOidc", NOBODY, address)
        await hub.audit.note_refusal(deed, BadLogout.status_code)
        raise BadLogout(f"logout_token: {exc}") from exc
    await hub.audit.note(_deed(request, "backchannel-logout", "logOutOidc", login or NOBODY, address), 200)
    return Response(status_code=200, headers=_QUIET)


def _configured(hub: Parts) -> SignOn:
    if hub.sign_on is None:
        raise NotFound("there is no single sign-on here; [gateway] oidc_issuer sets one up")
    return hub.sign_on


def _flow(request: Request, hub: Parts, sign_on: SignOn) -> Flow:
    """The login that this browser began; raises NotVerified."""
    flow = sign_on.flows.read(hub.browser.read(request, COOKIE))
    if flow is None or not flow.is_of(_one(request, "state")):
        raise NotVerified(
            "this login was not begun in this browser, or is over; begin again, GET /api/v1/sessions/oidc"
        )
    return flow


async def _code(request: Request, sign_on: SignOn) -> str:
    """What the provider gave; raises NotVerified."""
    issuer = request.query_params.get("iss")
    wanted = sign_on.provider.issuer
    if issuer != wanted and (issuer is not None or (await sign_on.provider.described()).says_issuer):
        raise NotVerified("another provider answered than was asked (iss)")
    if error := _one(request, "error"):
        said = plain.line(f"{error} {_one(request, 'error_description')}")[:_SHOWN]
        raise NotVerified(f"the provider did not log you in: {said}")
    if not (code := _one(request, "code")):
        raise NotVerified("the provider gave no code")
    return code


def _one(request: Request, name: str) -> str:
    """The parameter, where it is there once."""
    found = request.query_params.getlist(name)
    return found[0] if len(found) == 1 else ""


def _deed(request: Request, path: str, action: str, target: str, address: str) -> Deed:
    return Deed(
        login=NOBODY, method=request.method, route=f"{_PATH}/{path}", target=target, address=address, action=action
    )
