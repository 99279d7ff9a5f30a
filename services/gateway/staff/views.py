"""Roles and teams over HTTP."""

from typing import Annotated, Self
from zoneinfo import available_timezones

from fastapi import Path
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from hub.api.forms import Form, TimeOfDay, View
from hub.api.rights import Right
from hub.contracts.masks import Kind
from hub.contracts.scope import Scope
from services.gateway.staff.models import RoleRules, Team
from services.gateway.staff.service import MOST_MEMBERS

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_WHAT = r"^(\*|[a-z_]{1,40})(\.[a-z_]{1,40})?$"
RoleName = Annotated[str, Path(pattern=_NAME, description="1 to 40 of a-z 0-9 _", examples=["night_shift"])]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=50)]
Logins = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
    Field(max_length=MOST_MEMBERS, description="Logins"),
]
Login = Annotated[str, Field(min_length=1, max_length=63, examples=["anna"])]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no time zone of this name; write it as Europe/Moscow")
    return name


Zone = Annotated[str, AfterValidator(_known_zone), Field(max_length=100, examples=["Europe/Moscow"])]


class RoleForm(Form):
    """All of a role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Night shift",
                    "rights": ["own_account", "read_correspondence", "write_messages"],
                    "scopes": {"*": "team", "client.read": "all", "chain.change": "own"},
                    "hides": ["addresses"],
                }
            ]
        }
    )
    title: Title
    rights: frozenset[Right]
    scopes: dict[Annotated[str, Field(pattern=_WHAT)], Scope] = Field(
        max_length=200,
        description="Whose records: by `noun.action`, `noun`, `*.action` or `*`, the first of these that is there",
    )
    hides: tuple[Kind, ...] = Field(default=(), max_length=len(Kind), description="What is shown masked")

    def rules(self, name: str) -> RoleRules:
        hides = tuple(dict.fromkeys(self.hides))
        return RoleRules(name=name, title=self.title, rights=self.rights, scopes=self.scopes, hides=hides)


class RoleView(View):
    name: str = Field(examples=["operator"])
    title: str
    rights: list[Right]
    scopes: dict[str, Scope]
    hides: tuple[Kind, ...]
    changed: bool = Field(description="Not one of the four as they come")

    @classmethod
    def of(cls, rules: RoleRules) -> Self:
        return cls(
            name=rules.name,
            title=rules.title,
            rights=sorted(rules.rights),
            scopes=dict(rules.scopes),
            hides=rules.hides,
            changed=rules.changed,
        )


class RoleList(View):
    items: list[RoleView]


class Period(Form):
    """A part of a working day."""

    day: int = Field(ge=1, le=7, description="1 is Monday")
    since: TimeOfDay
    until: TimeOfDay = Field(examples=["18:00"])

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.since >= self.until:
            raise ValueError("until must be later than since; a shift over midnight is two periods")
        return self


class TeamChanges(Form):
    """What is not given stays; null takes away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"members": ["anna", "boris"], "lead": "olga"}]})
    name: Title | None = None
    members: Logins | None = None
    lead: Login | None = None
    substitute: Login | None = Field(default=None, description="Leads while the lead is absent")
    time_zone: Zone | None = None
    hours: tuple[Period, ...] | None = Field(default=None, max_length=50)
    languages: Words | None = None
    skills: Words | None = None

    def changed(self, team: Team) -> Team:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "hours" in given:
            given["hours"] = tuple((one.day, one.since, one.until) for one in given["hours"] or ())
        for name in ("members", "languages", "skills"):
            if name in given:
                given[name] = tuple(dict.fromkeys(given[name] or ()))
        if given.get("name", "") is None:
            del given["name"]
        fields = {name: getattr(team, name) for name in Team.__dataclass_fields__}
        return Team(**{**fields, **given})

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """The logins that each field names."""
        one = {"lead": self.lead, "substitute": self.substitute}
        return {"members": self.members or (), **{name: (login,) for name, login in one.items() if login}}


class NewTeam(TeamChanges):
    name: Title

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Поддержка",
                    "lead": "olga",
                    "members": ["anna", "boris"],
                    "time_zone": "Europe/Moscow",
                    "hours": [{"day": 1, "since": "09:00", "until": "18:00"}],
                    "languages": ["ru", "en"],
                }
            ]
        }
    )


class PeriodView(View):
    day: int
    since: str
    until: str


class TeamView(View):
    id: str = Field(examples=["team_4k2m"])
    name: str
    members: tuple[str, ...]
    lead: str | None
    substitute: str | None
    time_zone: str | None
    hours: tuple[PeriodView, ...]
    languages: tuple[str, ...]
    skills: tuple[str, ...]

    @classmethod
    def of(cls, team: Team) -> Self:
        hours = [PeriodView(day=day, since=since, until=until) for day, since, until in team.hours]
        given = {name: getattr(team, name) for name in cls.model_fields if name != "hours"}
        return cls(hours=tuple(hours), **given)


class TeamList(View):
    items: list[TeamView]
