"""The HTTP door of employees."""

from fastapi import Response

from hub.api.forms import After, Limit
from hub.api.problems import CONFLICT, NOT_FOUND
from hub.api.rights import Right
from hub.kit.errors import InvalidInput
from services.gateway.access.models import Access
from services.gateway.access.throttle import Attempt
from services.gateway.access.totp import uri
from services.gateway.audit.changes import changes
from services.gateway.employees.models import Changes, Employee
from services.gateway.employees.views import (
    Code,
    ColleagueList,
    ColleagueView,
    EmployeeChanges,
    EmployeeList,
    EmployeeView,
    FactorBegun,
    Login,
    MeView,
    MyChanges,
    NewEmployee,
    PasswordChange,
    RecoveryCodes,
)
from services.gateway.guard import ClientAddress, Me, MyAccess, Write, needs, router
from services.gateway.parts import Hub, Parts
from services.gateway.passkeys.proof import prove
from services.gateway.passkeys.views import Proof

routes = router("employees")


@routes.get("/me", operation_id="showMe", dependencies=[needs(Right.OWN_ACCOUNT)])
async def show_me(me: Me, mine: MyAccess, hub: Hub) -> MeView:
    """Who I am and what I may do, with this session or token."""
    return _about(me, mine, hub)


def _about(me: Employee, mine: Access, hub: Parts) -> MeView:
    lacks = hub.desk.lacks_factor(me, mine, Right.READ_CORRESPONDENCE)
    return MeView.about(me, mine, hub.staff, lacks_factor=lacks)


@routes.patch("/me", operation_id="changeMe", dependencies=[needs(Right.OWN_ACCOUNT)])
async def change_me(form: MyChanges, me: Me, mine: MyAccess, write: Write, hub: Hub) -> MeView:
    """Change my signature, or say that I am away."""
    changed = await hub.employees.change(me.login, Changes(signature=form.signature, absent=form.absent))
    before, after = ({"signature": each.signature, "absent": each.absent} for each in (me, changed))
    write.changes = changes(before, after)
    await hub.staff.look()
    return _about(changed, mine, hub)


@routes.post(
    "/me/password",
    operation_id="changeMyPassword",
    status_code=204,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def change_my_password(
    form: PasswordChange, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> None:
    """Change my password; all my other sessions and all my tokens end at once."""
    # Counted by this session: strangers who guess from the same address do not keep him from it.
    proven = await hub.desk.proves(me.login, form.current, address=address, device=mine.id)
    if proven is None:
        raise InvalidInput("current: not your password", fields={"current": "not your password"})
    new = Changes(password=form.new)
    changed = await hub.employees.change(me.login, new, epoch=proven.epoch, spared=mine.id)
    write.target, write.changes = me.login, changes({"password": proven.epoch}, {"password": changed.epoch})
    await hub.desk.ended(changed)


@routes.post(
    "/me/second-factor",
    operation_id="beginMySecondFactor",
    status_code=201,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def begin_my_second_factor(
    form: Proof, me: Me, mine: MyAccess, address: ClientAddress, hub: Hub
) -> FactorBegun:
    """Begin a second factor, with my password or a passkey; it counts once confirmed.

    Its secret is told in this answer alone.
    """
    await prove(form, me, mine, address, hub)
    secret = await hub.factors.begin(me.login)
    return FactorBegun(secret=secret, uri=uri(secret, me.login))


@routes.post(
    "/me/second-factor/confirm",
    operation_id="confirmMySecondFactor",
    responses=CONFLICT,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def confirm_my_second_factor(
    form: Code, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> RecoveryCodes:
    """Confirm it with the first code that the application shows; from now on each login takes one.

    With my first factor end all my other sessions and all my tokens, which began without it, and I am told recovery
    codes, once.
    """
    attempt = Attempt(login=me.login, address=address, device=mine.id)
    codes = await hub.desk.counted(attempt, lambda: hub.factors.confirm(me.login, form.code, session=mine.id))
    write.target, write.changes = me.login, changes({"second_factor": me.second_factor}, {"second_factor": True})
    if codes:
        await hub.desk.ended(await hub.employees.get(me.login))
    return RecoveryCodes(recovery_codes=codes)


@routes.delete(
    "/me/second-factor",
    operation_id="removeMySecondFactor",
    status_code=204,
    responses=CONFLICT,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def remove_my_second_factor(
    form: Proof, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> None:
    """Remove my authenticator application, with my password or a passkey; my other sessions and all my tokens end."""
    await prove(form, me, mine, address, hub)
    await hub.factors.give_up(me.login, spared=mine.id)
    after = await hub.employees.get(me.login)
    write.target = me.login
    write.changes = changes({"application": me.application}, {"application": after.application})
    await hub.desk.ended(after)


@routes.post(
    "/me/recovery-codes",
    operation_id="renewMyRecoveryCodes",
    status_code=201,
    responses=CONFLICT,
    dependencies=[needs(Right.OWN_ACCOUNT, secret=True, person=True)],
)
async def renew_my_recovery_codes(
    form: Proof, me: Me, mine: MyAccess, address: ClientAddress, write: Write, hub: Hub
) -> RecoveryCodes:
    """Ten new recovery codes, with my password or a passkey; those that I had count no more.

    They are told in this answer alone.
    """
    await prove(form, me, mine, address, hub)
    codes = await hub.factors.renew(me.login)
    write.target = me.login
    write.changes = changes({"recovery_codes": me.recovery_codes}, {"recovery_codes": len(codes)})
    return RecoveryCodes(recovery_codes=codes)


@routes.delete(
    "/employees/{login}/second-factor",
    operation_id="removeSecondFactorOf",
    status_code=204,
    responses=NOT_FOUND,
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def remove_second_factor_of(login: Login, write: Write, hub: Hub) -> None:
    """Remove the authenticator application of an employee who lost it."""
    before = await hub.employees.get(login)
    await hub.factors.remove(login)
    after = await hub.employees.get(login)
    write.changes = changes({"second_factor": before.second_factor}, {"second_factor": after.second_factor})


@routes.get("/colleagues", operation_id="listColleagues", dependencies=[needs(Right.READ_TEAMS)])
async def list_colleagues(hub: Hub, limit: Limit = 50, after: After = None) -> ColleagueList:
    """Who works here, by login: whom one mentions, asks, or hands something over to."""
    page = await hub.employees.page(limit=limit, after=after)
    there = [one for one in page.items if one.active]
    items = [ColleagueView(login=one.login, name=one.name, absent=one.absent) for one in there]
    return ColleagueList(items=items, next=page.next)


@routes.get("/employees", operation_id="listEmployees", dependencies=[needs(Right.READ_EMPLOYEES)])
async def list_employees(hub: Hub, limit: Limit = 50, after: After = None) -> EmployeeList:
    """All employees by login."""
    page = await hub.employees.page(limit=limit, after=after)
    return EmployeeList(items=[EmployeeView.of(employee) for employee in page.items], next=page.next)


@routes.post(
    "/employees",
    operation_id="addEmployee",
    status_code=201,
    responses=CONFLICT,
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def add_employee(form: NewEmployee, hub: Hub, response: Response, write: Write) -> EmployeeView:
    """Add an employee; tell him the password, he can change it."""
    write.target = form.login
    _refuse_unknown_role(form.role, hub)
    added = await hub.employees.create(
        form.login, name=form.name, role=form.role, password=form.password, key=write.id
    )
    await hub.announcer.tell()
    response.headers["Location"] = f"/api/v1/employees/{added.login}"
    return EmployeeView.of(added)


@routes.get(
    "/employees/{login}",
    operation_id="showEmployee",
    responses=NOT_FOUND,
    dependencies=[needs(Right.READ_EMPLOYEES)],
)
async def show_employee(login: Login, hub: Hub) -> EmployeeView:
    """One employee."""
    return EmployeeView.of(await hub.employees.get(login))


@routes.patch(
    "/employees/{login}",
    operation_id="changeEmployee",
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def change_employee(login: Login, form: EmployeeChanges, write: Write, hub: Hub) -> EmployeeView:
    """Change an employee; the last administrator stays one.

    A new password, or `active: false`, ends all his sessions and tokens at once; a role counts from his next request.
    """
    before = await hub.employees.get(login)
    _refuse_unknown_role(form.role, hub)
    wanted = Changes(**{name: getattr(form, name) for name in form.model_fields_set})
    changed = await hub.employees.change(login, wanted)
    write.changes = changes(_audited(before), _audited(changed) | _new_password(form))
    await hub.staff.look()
    if form.password is not None or not changed.active:
        await hub.desk.ended(changed)
    else:
        await hub.announcer.tell()
    return EmployeeView.of(changed)


@routes.delete(
    "/employees/{login}",
    operation_id="removeEmployee",
    status_code=204,
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def remove_employee(login: Login, write: Write, hub: Hub) -> None:
    """Remove an employee, his sessions and tokens; what he wrote stays. The last administrator cannot be removed."""
    before = await hub.employees.get(login)
    await hub.employees.delete(login)
    await hub.staff.leave(login)
    write.changes = changes(_audited(before), {})
    await hub.desk.revoke_all(login)
    await hub.announcer.tell()


def _audited(employee: Employee) -> dict[str, object]:
    names = ("name", "role", "active", "absent", "languages", "skills")
    return {name: getattr(employee, name) for name in names}


def _refuse_unknown_role(role: str | None, hub: Parts) -> None:
    if role is not None and role not in (known := [rules.name for rules in hub.staff.roles]):
        raise InvalidInput(fields={"role": f"{role}: there is no such role; there are {', '.join(known)}"})


def _new_password(form: EmployeeChanges) -> dict[str, object]:
    """Its name alone: the audit masks it."""
    return {} if form.password is None else {"password": True}
