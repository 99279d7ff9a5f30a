"""What an operation takes. A parameter that it does not know is refused, with those that it knows: a filter would be
forgotten.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from hub.kit.errors import InvalidInput


class UnknownParameter(InvalidInput):
    """The address has a parameter that this route does not know; remove it."""


def taken(make: Callable[[Request], Any]) -> Any:
    """For a parameter that is taken from the request, on the event loop: a plain function would have a thread for it,
    at every request.
    """

    async def taking(request: Request) -> Any:
        return make(request)

    return Depends(taking)


def forms_of(endpoint: Callable[..., Any]) -> dict[str, type[BaseModel]]:
    """The parameters of an endpoint, and what it answers, that are models: by name, with their types."""
    bare = {name: _bare(hint) for name, hint in inspect.get_annotations(endpoint, eval_str=True).items()}
    return {name: hint for name, hint in bare.items() if inspect.isclass(hint) and issubclass(hint, BaseModel)}


def built(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, with its models built, which wait for their first use (`defer_build`): FastAPI gives each
    parameter an alias, and hears no warning about it only while it makes a route.
    """
    for model in forms_of(endpoint).values():
        model.model_config["defer_build"] = False
        model.model_rebuild()
    return endpoint


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


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
