"""The roles and teams as they are now, held in memory: every request asks for them."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import timedelta
from hashlib import sha256

import orjson

from hub.contracts.scope import EVERYTHING, OPEN, Scope, of_team, owned_by, scope_of
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.loop import Loop
from hub.store.base import Document, Store
from services.gateway.staff.models import (
    DEFAULTS,
    RoleRules,
    Team,
    role_document,
    role_from,
    team_document,
    team_from,
)
from services.gateway.staff.repository import StaffRepository

EVERY = timedelta(seconds=0.5)
"""What another gateway changed counts here after so long at the latest."""
MOST_ROLES, MOST_TEAMS, MOST_MEMBERS, MOST_LED = 50, 500, 200, 500
"""Of a hub, of a hub, of a team; and people led by one, whose names travel with each of his requests."""
_ADMINISTRATOR = "administrator"
Away = Callable[[Collection[str]], Awaitable[set[str]]]
"""Which of these logins are absent, switched off or gone."""


class Staff:
    """Keeps roles and teams, and says whose records somebody reaches."""

    def __init__(self, store: Store, away: Away) -> None:
        self._repository = StaffRepository(store)
        self._away = away
        self._roles: Mapping[str, RoleRules] = DEFAULTS
        self._teams: Mapping[str, Team] = {}
        self._absent: set[str] = set()
        self._reached: dict[tuple[str, Scope], tuple[str, ...]] = {}
        self._looking = Loop("staff", self.look, every=EVERY, first=False)

    async def start(self) -> None:
        """Returns when they are known."""
        await self.look()
        await self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()

    async def look(self) -> None:
        """Reads them anew. While the store is away, the last ones count."""
        roles, teams = await self._repository.roles(), await self._repository.teams()
        self._roles = {**DEFAULTS, **{each["_id"]: role_from(each) for each in roles}}
        self._teams = {each["_id"]: team_from(each) for each in teams}
        leads = {team.lead for team in self._teams.values() if team.lead}
        self._absent = await self._away(leads) if leads else set()
        self._reached = {}

    @property
    def built_in(self) -> Collection[str]:
        return DEFAULTS.keys()

    @property
    def roles(self) -> list[RoleRules]:
        return list(self._roles.values())

    @property
    def teams(self) -> list[Team]:
        return sorted(self._teams.values(), key=lambda team: team.name)

    def role(self, name: str) -> RoleRules:
        """Raises NotFound."""
        if name not in self._roles:
            raise NotFound(f"there is no role {name!r}; GET /api/v1/roles lists all")
        return self._roles[name]

    def rules(self, name: str) -> RoleRules:
        """Also for one that is gone: whoever has it may nothing."""
        return self._roles.get(name) or RoleRules(name=name, title=name, rights=frozenset(), scopes={})

    def team(self, team_id: str) -> Team:
        """Raises NotFound."""
        if team_id not in self._teams:
            raise NotFound(f"there is no team {team_id!r}; GET /api/v1/teams lists all")
        return self._teams[team_id]

    def has_team(self, team_id: str) -> bool:
        return team_id in self._teams

    def teams_of(self, login: str) -> tuple[str, ...]:
        """Ids of those that somebody is a member of, leads, or leads instead of somebody absent."""
        led = {team.id for team in self._led(login)}
        return tuple(each.id for each in self._teams.values() if login in each.members or each.id in led)

    def reach(self, login: str, role: str, noun: str, action: str) -> tuple[str, ...]:
        """Tokens of the records that somebody may do this with."""
        scope = scope_of(self.rules(role).scopes, noun, action)
        known = self._reached.get((login, scope))
        if known is None:
            known = self._reached[login, scope] = tuple(self._tokens(login, scope))
        return known

    def eyes(self, login: str, role: str) -> str:
        """The same as long as somebody is shown the same."""
        shown = [role_document(self.rules(role)), sorted(self._tokens(login, Scope.SUBORDINATES))]
        return sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _tokens(self, login: str, scope: Scope) -> Iterable[str]:
        if scope is Scope.ALL:
            return [EVERYTHING]
        if scope is Scope.NONE:
            return []
        tokens = {owned_by(login)}
        if scope is not Scope.OWN:
            tokens |= {OPEN, *(of_team(team) for team in self.teams_of(login))}
        if scope is Scope.SUBORDINATES:
            tokens |= {owned_by(member) for team in self._led(login) for member in team.members}
        return sorted(tokens)

    def _led(self, login: str) -> list[Team]:
        return [team for team in self._teams.values() if self._leader(team) == login]

    def _leader(self, team: Team) -> str | None:
        return team.substitute if team.lead in self._absent or not team.lead else team.lead

    async def put_role(self, rules: RoleRules) -> RoleRules:
        """Raises Conflict: it is the administrator's, or there are too many."""
        if rules.name == _ADMINISTRATOR:
            raise Conflict("the administrator may everything: this role stays as it is; make another one")
        if rules.name not in self._roles and len(self._roles) >= MOST_ROLES:
            raise Conflict(f"a hub has at most {MOST_ROLES} roles; remove one first")
        await self._repository.put_role(role_document(rules))
        await self.look()
        return self.role(rules.name)

    async def remove_role(self, name: str) -> None:
        """One of the four comes back as it was at first. Raises NotFound."""
        self.role(name)
        await self._repository.delete_role(name)
        await self.look()

    async def add_team(self, team: Team, *, key: str) -> Team:
        """The same `key` again (a repeated request) finds what the first one made.

        Raises:
            Conflict: there are too many, or somebody would lead too many people.
        """
        if len(self._teams) >= MOST_TEAMS:
            raise Conflict(f"a hub has at most {MOST_TEAMS} teams; remove one first")
        self._check(team)
        await self._repository.add_team(team_document(team, key=key))
        await self.look()
        return self.team(team.id)

    async def change_team(self, team_id: str, change: Callable[[Team], Team]) -> Team:
        """Raises NotFound, Conflict."""

        def changed(document: Document) -> Document:
            wanted = change(team_from(document))
            self._check(wanted)
            return {**team_document(wanted, key=document["key"]), "_v": document["_v"]}

        if await self._repository.amend_team(team_id, changed) is None:
            raise NotFound(f"there is no team {team_id!r}; GET /api/v1/teams lists all")
        await self.look()
        return self.team(team_id)

    async def remove_team(self, team_id: str) -> None:
        """Raises NotFound; Conflict: somebody is in it."""
        if self.team(team_id).members:
            raise Conflict(
                "somebody is in this team; take its members out first, then what it has can be handed over"
            )
        await self._repository.delete_team(team_id)
        await self.look()

    async def leave(self, login: str) -> None:
        """Takes somebody out of all teams: whoever gets his login after him is in none of them."""

        def left(document: Document) -> Document:
            members = [member for member in document["members"] if member != login]
            led = {name: None if document[name] == login else document[name] for name in ("lead", "substitute")}
            return {**document, **led, "members": members}

        for team in await self._repository.teams():
            if login in (*team["members"], team["lead"], team["substitute"]):
                await self._repository.amend_team(team["_id"], left)
        await self.look()

    def _check(self, team: Team) -> None:
        others = [each for each in self._teams.values() if each.id != team.id]
        if any(each.name.casefold() == team.name.casefold() for each in others):
            raise Conflict(fields={"name": "another team is called so; choose another name"})
        if len(team.members) > MOST_MEMBERS:
            raise InvalidInput(fields={"members": f"at most {MOST_MEMBERS}; make two teams"})
        for leader in {team.lead, team.substitute} - {None}:
            led = [team, *(each for each in others if leader in (each.lead, each.substitute))]
            if len({member for each in led for member in each.members}) > MOST_LED:
                raise Conflict(
                    f"{leader} would lead more than {MOST_LED} people; let somebody else lead some of them"
                )
