"""Sessions and tokens over HTTP."""

from datetime import datetime
from typing import Self

from pydantic import ConfigDict, Field

from hub.api.forms import Form, View
from hub.api.rights import Right
from services.gateway.access.models import Access, Extent, Granted
from services.gateway.employees.models import Employee
from services.gateway.employees.views import EmployeeView


class Login(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"login": "admin", "password": "correct-horse-7"}]})
    login: str = Field(min_length=1, max_length=63)
    password: str = Field(min_length=1, max_length=1000)
    code: str | None = Field(
        default=None, max_length=40, description="Of the second factor, where there is one, or a recovery code"
    )


class NewSession(View):
    """`token` goes into `Authorization: Bearer TOKEN`; it is told once."""

    token: str
    id: str
    expires_at: datetime
    employee: EmployeeView

    @classmethod
    def of(cls, granted: Granted, employee: Employee) -> Self:
        assert granted.access.expires_at is not None
        return cls(
            token=granted.token,
            id=granted.access.id,
            expires_at=granted.access.expires_at,
            employee=EmployeeView.of(employee),
        )


class AccessView(View):
    id: str
    name: str = Field(description="What the token is for; the program of a session")
    address: str = Field(description="Client address it was made from", examples=["192.0.2.7"])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime = Field(description="To within a minute")
    current: bool = Field(description="This request came with it")
    scope: Extent = Field(description="`read`: GET and HEAD alone")
    rights: list[Right] | None = Field(description="Those of its owner that it has; null: all")

    @classmethod
    def of(cls, access: Access, *, current: Access) -> Self:
        return cls(
            id=access.id,
            name=access.name,
            address=access.address,
            created_at=access.created_at,
            expires_at=access.expires_at,
            last_used_at=access.last_used_at,
            current=access.id == current.id,
            scope=access.scope,
            rights=None if access.rights is None else sorted(access.rights),
        )


class AccessList(View):
    items: list[AccessView]
    next: str | None


class TokenRequest(Form):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "nightly report", "days": 90, "scope": "read"}]}
    )
    name: str = Field(min_length=1, max_length=200, description="What it is for")
    days: int = Field(default=365, ge=1, le=3650, description="Valid so long")
    scope: Extent = Field(default=Extent.WRITE, description="`read`: GET and HEAD alone")
    rights: list[Right] | None = Field(default=None, description="Some of mine; without: all, as I have them then")


class NewToken(View):
    """`token` is told once; lose it and make another."""

    token: str
    id: str
    name: str
    expires_at: datetime | None

    @classmethod
    def of(cls, granted: Granted) -> Self:
        access = granted.access
        return cls(token=granted.token, id=access.id, name=access.name, expires_at=access.expires_at)
