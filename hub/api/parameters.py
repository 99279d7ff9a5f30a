"""A parameter that an operation does not know is refused, with those that it knows: a filter would be forgotten."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from hub.kit.errors import InvalidInput


class UnknownParameter(InvalidInput):
    """The address has a parameter that this route does not know; remove it."""


def query_names(dependant: Dependant) -> frozenset[str]:
    """The parameters that a route knows."""
    names: set[str] = set()
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= set(annotation.model_fields)
        else:
            names.add(field.alias)
    return frozenset(names.union(*(query_names(inner) for inner in dependant.dependencies)))


def refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """Raises UnknownParameter."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        fix = f"unknown; known here: {', '.join(sorted(known)) or 'none'}"
        raise UnknownParameter(f"{', '.join(unknown)}: {fix}", fields=dict.fromkeys(unknown, fix))
