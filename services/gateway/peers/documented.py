"""How answers that pass through are documented."""

from typing import Any

from fastapi import Response

from services.gateway.views import View


def gives(view: type[View], *more: dict[int | str, dict[str, Any]], status: int = 200) -> dict[str, Any]:
    """Documents the answer, which is passed on without being parsed."""
    responses: dict[int | str, dict[str, Any]] = {status: {"model": view}}
    for documented in more:
        responses |= documented
    return {"responses": responses, "response_class": Response, "status_code": status}
