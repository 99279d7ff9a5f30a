"""How refusals look, and how an operation says which of them may come (RFC 9457)."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from hub.contracts.shown import View
from hub.kit.errors import HubError

MEDIA = "application/problem+json"
Responses = dict[int | str, dict[str, Any]]
"""As OpenAPI has them, by status."""


class Problem(View):
    """RFC 9457."""

    type: str = "about:blank"
    title: str = Field(examples=["Invalid input"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["text: required; add it"])
    errors: dict[str, str] = Field(default_factory=dict, description="For each field what is wrong and the fix")


_MEANINGS = {
    401: "Not logged in",
    403: "The role does not allow it",
    404: "There is nothing under this id",
    408: "The body of the request came too slowly",
    409: "It cannot be done in this state",
    413: "More bytes than the stated limit",
    422: "A field is wrong; `errors` names it and the fix",
    429: "Too many requests; wait for `Retry-After` seconds",
    503: "Something the hub depends on is down; try again after `Retry-After` seconds",
    507: "There is no room on the disk; the hub goes on by itself when there is some",
}
"""One sentence a status, the same everywhere."""


def problems(*statuses: int) -> Responses:
    """How these refusals are described."""
    return {status: _described(_MEANINGS[status]) for status in statuses}


def refusals(errors: Iterable[type[HubError]]) -> Responses:
    """The same for the errors that bring them."""
    return problems(*sorted({error.status_code for error in errors}))


def _described(meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


PROBLEMS = problems(401, 403, 422, 429, 503)
"""What may come from every operation."""
NOT_FOUND = problems(404)
CONFLICT = problems(409)
TOO_LARGE = problems(413)
