"""Roles and teams as the rules see them."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.api.rights import RIGHTS, Right, Role
from hub.contracts.masks import Kind
from hub.contracts.scope import Scope, Scopes
from hub.store.base import Document

_TITLES = {
    Role.ADMINISTRATOR: "Administrator",
    Role.SUPERVISOR: "Supervisor",
    Role.OPERATOR: "Operator",
    Role.MARKETER: "Marketer",
}
_SCOPES: dict[Role, Scopes] = {
    Role.ADMINISTRATOR: {"*": Scope.ALL},
    Role.SUPERVISOR: {"*": Scope.ALL},
    Role.OPERATOR: {"*": Scope.TEAM},
    Role.MARKETER: {"*": Scope.TEAM, "client.read": Scope.ALL},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRules:
    """What whoever has a role may do, with whose records, and what he is shown masked."""

    name: str
    title: str
    rights: frozenset[Right]
    scopes: Scopes
    hides: tuple[Kind, ...] = ()
    changed: bool = True
    """Not one of the four as they come."""


DEFAULTS: Mapping[str, RoleRules] = {
    role.value: RoleRules(
        name=role.value, title=_TITLES[role], rights=RIGHTS[role], scopes=_SCOPES[role], changed=False
    )
    for role in Role
}
"""Those that every hub has; all but the administrator may be changed."""


def role_document(rules: RoleRules) -> Document:
    return {
        "_id": rules.name,
        "title": rules.title,
        "rights": sorted(rules.rights),
        "scopes": dict(rules.scopes),
        "hides": list(rules.hides),
    }


def role_from(document: Document) -> RoleRules:
    """What a newer version knows and this one does not is left out: nobody gains by it."""
    return RoleRules(
        name=document["_id"],
        title=document["title"],
        rights=frozenset(Right(right) for right in document["rights"] if right in set(Right)),
        scopes={what: Scope(scope) for what, scope in document["scopes"].items() if scope in set(Scope)},
        # A kind that is not known here hides all that is.
        hides=tuple(Kind) if set(document["hides"]) - set(Kind) else tuple(Kind(kind) for kind in document["hides"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Employees who share mailboxes, bots and numbers."""

    id: str
    name: str
    members: tuple[str, ...] = ()
    """Logins; whoever leads is one of them or not."""
    lead: str | None = None
    substitute: str | None = None
    """Leads while the lead is absent or switched off."""
    time_zone: str | None = None
    hours: tuple[tuple[int, str, str], ...] = ()
    """When it works, in its time zone: weekday from 1 (Monday), from, until, as 09:00."""
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


_LISTS = ("members", "languages", "skills")


def team_document(team: Team, *, key: str = "") -> Document:
    return {
        "_id": team.id,
        "name": team.name,
        **{name: list(getattr(team, name)) for name in _LISTS},
        "lead": team.lead,
        "substitute": team.substitute,
        "time_zone": team.time_zone,
        "hours": [list(period) for period in team.hours],
        "key": key,
    }


def team_from(document: Document) -> Team:
    return Team(
        id=document["_id"],
        name=document["name"],
        lead=document["lead"],
        substitute=document["substitute"],
        time_zone=document["time_zone"],
        hours=tuple((day, since, until) for day, since, until in document["hours"]),
        **{name: tuple(document[name]) for name in _LISTS},
    )
