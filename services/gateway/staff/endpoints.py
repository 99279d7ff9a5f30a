"""The HTTP door of roles and teams."""

from fastapi import Response

from hub.api.forms import Id
from hub.api.problems import CONFLICT, NOT_FOUND
from hub.api.rights import Right
from hub.contracts.scope import EVERYTHING, Scope
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive
from services.gateway.audit.changes import changes
from services.gateway.guard import Write, needs, router
from services.gateway.parts import Hub, Parts
from services.gateway.staff.models import RoleRules, Team
from services.gateway.staff.views import (
    NewTeam,
    RoleForm,
    RoleList,
    RoleName,
    RoleView,
    TeamChanges,
    TeamList,
    TeamView,
)

routes = router("roles and teams")


@routes.get("/roles", operation_id="listRoles", dependencies=[needs(Right.READ_EMPLOYEES)])
async def list_roles(hub: Hub) -> RoleList:
    """What each role may do, with whose records, and what it is shown masked."""
    return RoleList(items=[RoleView.of(rules) for rules in hub.staff.roles])


@routes.put(
    "/roles/{name}",
    operation_id="putRole",
    responses=CONFLICT,
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def put_role(name: RoleName, form: RoleForm, write: Write, hub: Hub) -> RoleView:
    """Make a role, or change one. It counts from the next request of whoever has it; the administrator's stays."""
    _refuse_unknown_nouns(form.scopes, hub)
    before = hub.staff.rules(name)
    rules = await hub.staff.put_role(form.rules(name))
    write.changes = changes(_audited(before), _audited(rules))
    return RoleView.of(rules)


@routes.delete(
    "/roles/{name}",
    operation_id="removeRole",
    status_code=204,
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_EMPLOYEES, person=True)],
)
async def remove_role(name: RoleName, write: Write, hub: Hub) -> None:
    """Remove a role that nobody has. One of the four comes back as it was at first, whoever has it."""
    before = hub.staff.role(name)
    if name not in hub.staff.built_in and (holder := await hub.employees.holder(name)):
        raise Conflict(f"{holder} has this role; give him another one first")
    await hub.staff.remove_role(name)
    write.changes = changes(_audited(before), _audited(hub.staff.rules(name)))


@routes.get("/teams", operation_id="listTeams", dependencies=[needs(Right.READ_TEAMS)])
async def list_teams(hub: Hub) -> TeamList:
    """All teams by name."""
    return TeamList(items=[TeamView.of(team) for team in hub.staff.teams])


@routes.post(
    "/teams",
    operation_id="addTeam",
    status_code=201,
    responses=CONFLICT,
    dependencies=[needs(Right.MANAGE_EMPLOYEES)],
)
async def add_team(form: NewTeam, hub: Hub, response: Response, write: Write) -> TeamView:
    """Add a team. Mailboxes, bots and numbers become its own by their `team`."""
    await _refuse_unknown_people(form, hub)
    team_id = write.target = derive("team", write.id)
    added = await hub.staff.add_team(form.changed(Team(id=team_id, name=form.name)), key=write.id)
    response.headers["Location"] = f"/api/v1/teams/{added.id}"
    return TeamView.of(added)


@routes.get("/teams/{id}", operation_id="showTeam", responses=NOT_FOUND, dependencies=[needs(Right.READ_TEAMS)])
async def show_team(team_id: Id, hub: Hub) -> TeamView:
    """One team."""
    return TeamView.of(hub.staff.team(team_id))


@routes.patch(
    "/teams/{id}",
    operation_id="changeTeam",
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_EMPLOYEES)],
)
async def change_team(team_id: Id, form: TeamChanges, write: Write, hub: Hub) -> TeamView:
    """Change a team. Who leaves it does not see any more what it has, nor in the live stream."""
    await _refuse_unknown_people(form, hub)
    before = hub.staff.team(team_id)
    team = await hub.staff.change_team(team_id, form.changed)
    write.changes = changes(TeamView.of(before).model_dump(), TeamView.of(team).model_dump())
    return TeamView.of(team)


@routes.delete(
    "/teams/{id}",
    operation_id="removeTeam",
    status_code=204,
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_EMPLOYEES)],
)
async def remove_team(team_id: Id, hub: Hub) -> None:
    """Remove a team without members. What it has is seen by those who see all, until they hand it over."""
    await hub.staff.remove_team(team_id)


def _audited(rules: RoleRules) -> dict[str, object]:
    scopes = {f"scopes.{what}": scope.value for what, scope in rules.scopes.items()}
    return {"title": rules.title, "rights": sorted(rules.rights), "hides": list(rules.hides), **scopes}


async def _refuse_unknown_people(form: TeamChanges, hub: Parts) -> None:
    known = await hub.employees.known_many({login for logins in form.named.values() for login in logins})
    wrong = {
        name: f"{', '.join(missing)}: nobody has this login; GET /api/v1/employees lists all"
        for name, logins in form.named.items()
        if (missing := [login for login in logins if login not in known])
    }
    if wrong:
        raise InvalidInput(fields=wrong)


def _refuse_unknown_nouns(scopes: dict[str, Scope], hub: Parts) -> None:
    """A misspelt one would never count."""
    known = hub.table.nouns
    wanted = {what.partition(".")[0] for what in scopes} - {EVERYTHING}
    if unknown := sorted(wanted - known):
        fix = f"{', '.join(unknown)}: no operation is about such a thing; there are {', '.join(sorted(known))}"
        raise InvalidInput(fields={"scopes": fix})
