"""Employees over HTTP."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, View
from hub.api.rights import Right
from hub.contracts.scope import Scope
from services.gateway.access.models import Access
from services.gateway.employees.models import LOGIN, Employee
from services.gateway.staff.service import Staff

Login = Annotated[str, Path(description="The employee's login", examples=["anna"], max_length=63)]
NewLogin = Annotated[
    str,
    Field(pattern=f"^{LOGIN.pattern}$", description="1 to 63 of a-z 0-9 . _ @ -, in lower case", examples=["anna"]),
]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Anna Petrova"])]
RoleName = Annotated[str, Field(max_length=40, description="Name of a role", examples=["operator"])]
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=50)]
NewPassword = Annotated[
    str, Field(min_length=10, max_length=1000, description="At least 10 characters", examples=["correct-horse-7"])
]


class EmployeeView(View):
    login: str = Field(examples=["anna"])
    name: str = Field(examples=["Anna Petrova"])
    role: str = Field(examples=["operator"])
    active: bool
    created_at: datetime
    signature: str = ""
    absent: bool = Field(default=False, description="His substitutes lead his teams")
    languages: tuple[str, ...] = Field(default=(), examples=[["ru", "en"]])
    skills: tuple[str, ...] = ()
    second_factor: bool = Field(
        default=False, description="Has an authenticator application or a passkey; the password alone is not enough"
    )

    @classmethod
    def of(cls, employee: Employee) -> Self:
        return cls(
            login=employee.login,
            name=employee.name,
            role=employee.role,
            active=employee.active,
            created_at=employee.created_at,
            signature=employee.signature,
            absent=employee.absent,
            languages=employee.languages,
            skills=employee.skills,
            second_factor=employee.second_factor,
        )


class ColleagueView(View):
    login: str = Field(examples=["anna"])
    name: str = Field(examples=["Anna Petrova"])
    absent: bool


class ColleagueList(View):
    items: list[ColleagueView]
    next: str | None


class EmployeeList(View):
    items: list[EmployeeView]
    next: str | None


class MeView(View):
    """Who I am and what I may do."""

    employee: EmployeeView
    rights: list[Right]
    teams: list[str] = Field(default=[], description="Ids of my teams, and of those that I lead")
    scopes: dict[str, Scope] = Field(default={}, description="Whose records, as my role says")
    hides: list[str] = Field(default=[], description="What I am shown masked")
    application: bool = Field(default=False, description="I have an authenticator application")
    passkeys: int = Field(default=0, description="How many I have")
    recovery_codes: int = Field(default=0, description="How many are left")
    lacks_factor: bool = Field(
        default=False,
        description="My role takes a second factor: until I have one I can set one up, and nothing else",
    )

    @classmethod
    def about(cls, employee: Employee, access: Access, staff: Staff, *, lacks_factor: bool = False) -> Self:
        rights, rules = [right for right in employee.rights if access.covers(right)], staff.rules(employee.role)
        return cls(
            employee=EmployeeView.of(employee),
            rights=sorted(rights),
            teams=list(staff.teams_of(employee.login)),
            scopes=dict(rules.scopes),
            hides=list(rules.hides),
            application=employee.application,
            passkeys=employee.passkeys,
            recovery_codes=employee.recovery_codes,
            lacks_factor=lacks_factor,
        )


class NewEmployee(Form):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"login": "anna", "name": "Anna Petrova", "role": "operator", "password": "correct-horse-7"}]
        }
    )
    login: NewLogin
    name: Name
    role: RoleName
    password: NewPassword


class EmployeeChanges(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "supervisor"}]})
    name: Name | None = None
    role: RoleName | None = None
    active: bool | None = None
    password: NewPassword | None = None
    absent: bool | None = Field(default=None, description="His substitutes lead his teams while he is")
    languages: Words | None = None
    skills: Words | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change; give name, role, active, password, absent, languages or skills")
        return self


class MyChanges(Form):
    """What everybody may change about himself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"signature": "Anna Petrova\nSales, 123-45-67"}]})
    signature: str | None = Field(
        default=None, max_length=10_000, description="Under the messages I write; empty: the mailbox's"
    )
    absent: bool | None = Field(default=None, description="I am away: my substitutes lead my teams")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.signature is None and self.absent is None:
            raise ValueError("nothing to change; give signature or absent")
        return self


class PasswordChange(Form):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"current": "correct-horse-7", "new": "battery-staple-8"}]}
    )
    current: str = Field(max_length=1000)
    new: NewPassword


class FactorBegun(View):
    """Told once: give it to an authenticator application, then confirm with its first code."""

    secret: str = Field(description="In base 32")
    uri: str = Field(description="The same for a QR code", examples=["otpauth://totp/omnihub:anna?secret=…"])


class RecoveryCodes(View):
    """Told once. Each stands in for the code of a login, once."""

    recovery_codes: tuple[str, ...] = Field(
        description="Empty where a factor was there before", examples=[["abcd-efgh-ijkl-mnop"]]
    )


class Code(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "287082"}]})
    code: str = Field(min_length=6, max_length=10)
