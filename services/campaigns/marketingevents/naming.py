"""Templates, lists and mailings that an event names, looked up while whoever names them can still correct it."""

from typing import Protocol

from hub.api.actor import Actor
from hub.kit.errors import InvalidInput, NotFound
from hub.store.base import Document


class Finds(Protocol):
    """Templates, lists, mailings."""

    async def get(self, given: str, actor: Actor, /) -> Document:
        """Raises NotFound."""
        ...


async def found(finds: Finds, given: str, actor: Actor, *, field: str) -> Document:
    """Raises InvalidInput, naming the field."""
    try:
        return await finds.get(given, actor)
    except NotFound as exc:
        raise InvalidInput(f"{field}: {exc}", fields={field: str(exc)}) from exc


async def letter_of(templates: Finds, given: str, actor: Actor, *, field: str) -> Document:
    """A template that can be sent to one recipient. Raises InvalidInput."""
    template = await found(templates, given, actor, field=field)
    if template["channel"] == "post":
        fix = f"{given} is for letters by post, which leave in mailings"
        raise InvalidInput(f"{field}: {fix}", fields={field: fix})
    return template
