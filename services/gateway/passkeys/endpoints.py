"""The HTTP door of passkeys: one's own, an employee's, and logging in with one."""

from fastapi import Request, Response

from hub.api.forms import Id
from hub.api.problems import CONFLICT, NOT_FOUND
from hub.api.rights import Right
from hub.kit.errors import InvalidInput
from services.gateway.access.browser import refuse_foreign
from services.gateway.access.endpoints import MAX_PROGRAM, UserAgent, device_of, hand_over
from services.gateway.access.models import Granted, Kind
from services.gateway.access.throttle import Attempt
from services.gateway.access.views import NewSession
from services.gateway.audit.changes import changes
from services.gateway.employees.models import Employee
from services.gateway.employees.views import EmployeeView
from services.gateway.employees.views import Login as Whose
from services.gateway.errors import NotThisPasskey
from services.gateway.guard import NOBODY, ClientAddress, Me, MyAccess, Write, WriteInHand, needs, open_to_all, router
from services.gateway.parts import Hub, Parts
from services.gateway.passkeys.proof import prove
from services.gateway.passkeys.views import (
    CeremonyBegun,
    LoginBegins,
    NewPasskey,
    PasskeyAdded,
    PasskeyList,
    PasskeyView,
    Proof,
    Renamed,
    Shown,
)

routes = router("passkeys")
_MINE = needs(Right.OWN_ACCOUNT, secret=True, person=True)
_MANAGES = needs(Right.MANAGE_EMPLOYEES, person=True)


@routes.post("/me/passkeys/begin", operation_id="beginMyPasskey", responses=CONFLICT, dependencies=[_MINE])
async def begin_my_passkey(
    form: Proof, me: Me, mine: MyAccess, address: ClientAddress, hub: Hub, request: Request
) -> CeremonyBegun:
    """Begin a passkey, with my password or another passkey: what `navigator.credentials.create` takes."""
    place = hub.places.named(request)
    await prove(form, me, mine, address, hub)
    options, ceremony = await hub.passkeys.begin_adding(me, mine.id, place)
    return CeremonyBegun(ceremony=ceremony, options=options)


@routes.post("/me/passkeys", operation_id="addMyPasskey", status_code=201, responses=CONFLICT, dependencies=[_MINE])
async def add_my_passkey(form: NewPasskey, me: Me, mine: MyAccess, write: Write, hub: Hub) -> PasskeyAdded:
    """Add it. From now on it lets me in by itself, and my password alone does not.

    Where it is my first factor, all my other sessions and all my tokens end, and I am told recovery codes, once.
    """
    try:
        passkey, codes = await hub.passkeys.add(
            me.login, mine.id, form.ceremony, form.credential.told(), name=form.name
        )
    except NotThisPasskey as exc:
        raise InvalidInput(f"credential: {exc}", fields=exc.fields or {"credential": str(exc)}) from exc
    write.target, write.changes = passkey.id, changes({}, {"name": passkey.name})
    if codes:
        await hub.desk.ended(await hub.employees.get(me.login))
    return PasskeyAdded(passkey=PasskeyView.of(passkey), recovery_codes=codes)


@routes.post("/me/passkeys/proof", operation_id="beginMyProof", responses=CONFLICT, dependencies=[_MINE])
async def begin_my_proof(me: Me, mine: MyAccess, hub: Hub, request: Request) -> CeremonyBegun:
    """Begin to prove by a passkey, instead of the password, that it is I: what `navigator.credentials.get` takes."""
    options, ceremony = await hub.passkeys.begin_proof(me, mine.id, hub.places.named(request))
    return CeremonyBegun(ceremony=ceremony, options=options)


@routes.get("/me/passkeys", operation_id="listMyPasskeys", dependencies=[needs(Right.OWN_ACCOUNT)])
async def list_my_passkeys(me: Me, hub: Hub) -> PasskeyList:
    """My passkeys, oldest first."""
    return await _listed(me.login, hub)


@routes.patch("/me/passkeys/{id}", operation_id="renameMyPasskey", responses=NOT_FOUND, dependencies=[_MINE])
async def rename_my_passkey(passkey_id: Id, form: Renamed, me: Me, write: Write, hub: Hub) -> PasskeyView:
    """Give one of my passkeys another name."""
    before, after = await hub.passkeys.rename(me.login, passkey_id, form.name)
    write.changes = changes({"name": before.name}, {"name": after.name})
    return PasskeyView.of(after)


@routes.delete(
    "/me/passkeys/{id}",
    operation_id="removeMyPasskey",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MINE],
)
async def remove_my_passkey(
    passkey_id: Id, form: Proof, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> None:
    """Remove one of my passkeys, with my password or a passkey; all my other sessions and all my tokens end."""
    await prove(form, me, mine, address, hub)
    await _removed(me.login, passkey_id, write, hub, spared=mine.id)


@routes.get(
    "/employees/{login}/passkeys", operation_id="listPasskeysOf", responses=NOT_FOUND, dependencies=[_MANAGES]
)
async def list_passkeys_of(login: Whose, hub: Hub) -> PasskeyList:
    """The passkeys of an employee, oldest first."""
    return await _listed(login, hub)


@routes.delete(
    "/employees/{login}/passkeys/{id}",
    operation_id="removePasskeyOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[_MANAGES],
)
async def remove_passkey_of(login: Whose, passkey_id: Id, write: Write, hub: Hub) -> None:
    """Remove a passkey of an employee who lost it; all his sessions and tokens end."""
    await _removed(login, passkey_id, write, hub, spared=None)


@routes.post(
    "/sessions/passkey/begin",
    operation_id="beginPasskeyLogIn",
    responses=CONFLICT,
    dependencies=[open_to_all(secret=True)],
)
async def begin_passkey_log_in(form: LoginBegins, hub: Hub, request: Request) -> CeremonyBegun:
    """Begin a login with a passkey: what `navigator.credentials.get` takes. It is the same whoever has passkeys."""
    options, ceremony = hub.passkeys.begin_login(hub.places.named(request), form.login.strip().lower())
    return CeremonyBegun(ceremony=ceremony, options=options)


@routes.post(
    "/sessions/passkey", operation_id="logInPasskey", status_code=201, dependencies=[open_to_all(secret=True)]
)
async def log_in_passkey(
    form: Shown, hub: Hub, write: Write, address: ClientAddress, request: Request, user_agent: UserAgent = ""
) -> NewSession:
    """Log in as a program, with a passkey; it counts as both factors."""
    granted, employee, _ = await _logged_in(form, hub, write, address, request, user_agent, Kind.SESSION)
    return NewSession.of(granted, employee)


@routes.post(
    "/sessions/passkey/browser",
    operation_id="logInBrowserPasskey",
    status_code=201,
    dependencies=[open_to_all(secret=True)],
)
async def log_in_browser_passkey(
    form: Shown,
    hub: Hub,
    write: Write,
    address: ClientAddress,
    request: Request,
    response: Response,
    user_agent: UserAgent = "",
) -> EmployeeView:
    """Log in from our own page with a passkey; the session is in a cookie, as with the password."""
    refuse_foreign(request, proof=False)
    granted, employee, device = await _logged_in(form, hub, write, address, request, user_agent, Kind.BROWSER)
    await hand_over(granted, employee.login, device, hub, request, response)
    return EmployeeView.of(employee)


async def _logged_in(
    form: Shown, hub: Parts, write: WriteInHand, address: str, request: Request, user_agent: str, kind: Kind
) -> tuple[Granted, Employee, str | None]:
    """Also the device that he is known on.

    Raises:
        NotThisPasskey: or CounterWentBack.
        TooManyRequests: too many tries.
    """
    ceremony = hub.passkeys.login_of(form.ceremony)
    owner = await hub.passkeys.owner(form.credential.response.user_handle)
    write.target = login = owner or ceremony.login or NOBODY
    device = device_of(request, hub, login)
    granted, employee = await hub.desk.log_in_by_passkey(
        Attempt(login=login, address=address, device=device),
        lambda: hub.passkeys.show(login, ceremony, form.credential.told()),
        program=user_agent[:MAX_PROGRAM],
        kind=kind,
    )
    return granted, employee, device


async def _listed(login: str, hub: Parts) -> PasskeyList:
    return PasskeyList(items=[PasskeyView.of(each) for each in await hub.passkeys.of(login)])


async def _removed(login: str, passkey_id: str, write: WriteInHand, hub: Parts, *, spared: str | None) -> None:
    passkey = await hub.passkeys.remove(login, passkey_id, spared=spared)
    # Which one: there may be several of a name.
    write.changes = changes({"name": f"{passkey.name} ({passkey.id})"}, {})
    await hub.desk.ended(await hub.employees.get(login))
