"""Names of colleagues and teams in forms: a field type says what it names, and the gateway, which knows them all,
refuses names of nobody before the service is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isclass
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, Field

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
    forms = [hint for hint in get_type_hints(endpoint).values() if isclass(hint) and issubclass(hint, BaseModel)]
    return {
        name: kind
        for form in forms
        for name, hint in get_type_hints(form, include_extras=True).items()
        if (kind := _kind(hint))
    }


def _kind(hint: Any) -> str:
    marks = [mark.kind for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Named)]
    return next((kind for kind in (*marks, *map(_kind, get_args(hint))) if kind), "")
