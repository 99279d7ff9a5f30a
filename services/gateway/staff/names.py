"""Refuses forms that name a team or an employee whom nobody knows, before a service is asked."""

from collections.abc import Mapping

import orjson

from hub.api.names import TEAM
from hub.kit.errors import InvalidInput
from services.gateway.employees.service import Employees
from services.gateway.staff.service import Staff

_FIX = {
    TEAM: "there is no such team; GET /api/v1/teams lists all",
    "employee": "nobody who works here has this login; GET /api/v1/employees lists all",
}

_MOST = 100
"""Names of one field that are looked up."""


async def refuse_unknown_names(
    content: bytes, names: Mapping[str, str], *, staff: Staff, employees: Employees
) -> None:
    """`names` says what the fields of the form name. What is no JSON object is the service's to refuse.

    Raises:
        InvalidInput: a field names nobody.
    """
    try:
        given = orjson.loads(content)
    except orjson.JSONDecodeError:
        return
    named = {field: given.get(field) for field in names} if isinstance(given, dict) else {}
    wrong = {}
    for field, name in [(field, name) for field, told in named.items() for name in _names(told)]:
        if not await _known(names[field], name, staff, employees):
            wrong[field] = f"{name[:100]}: {_FIX[names[field]]}"
    if wrong:
        raise InvalidInput("; ".join(f"{field}: {fix}" for field, fix in wrong.items()), fields=wrong)


def _names(told: object) -> list[str]:
    """The one that is told, or each of a list; a longer list than any form takes is the service's to refuse."""
    listed = told if isinstance(told, list) else [told]
    return [name for name in listed[:_MOST] if name and isinstance(name, str)]


async def _known(kind: str, name: str, staff: Staff, employees: Employees) -> bool:
    if kind == TEAM:
        return staff.has_team(name)
    found = await employees.known(name)
    return found is not None and found.active
