"""Names of colleagues and teams in forms: a field type says what it names, and the gateway, which knows them all,
refuses names of nobody before the service is asked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field

from hub.api.parameters import forms_of

TEAM, EMPLOYEE = "team", "employee"


@dataclass(frozen=True, slots=True)
class Named:
    """Marks a field type; empty names nobody."""

    kind: str


LOGIN = r"^[A-Za-z0-9._@-]{1,63}$"
"""Of an employee, where one is asked for who may be gone."""
Login = Annotated[str, Field(pattern=LOGIN)]
TeamId = Annotated[str, Named(TEAM), Field(pattern=r"^[A-Za-z0-9_-]{0,100}$", examples=["team_4k2m"])]
Colleague = Annotated[str, Named(EMPLOYEE), Field(max_length=63, examples=["anna"])]


def named_in(endpoint: Callable[..., Any]) -> dict[str, str]:
    """The fields of its forms that name somebody, and what: team or employee."""
    return {
        name: kind
        for form in forms_of(endpoint).values()
        for name, field in form.model_fields.items()
        if (kind := _marked(field.metadata) or _kind(field.annotation))
    }


def _kind(hint: Any) -> str:
    return _marked(getattr(hint, "__metadata__", ())) or next(filter(None, map(_kind, get_args(hint))), "")


def _marked(marks: Iterable[object]) -> str:
    return next((mark.kind for mark in marks if isinstance(mark, Named)), "")
