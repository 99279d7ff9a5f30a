"""Where a client who is opened by hand comes from: said by whoever opens him, where his channel requires it."""

from typing import Protocol

from hub.api.actor import Actor
from hub.kit import plain
from hub.kit.errors import InvalidInput
from hub.store.base import Document

CARD = "card"
"""Stands for clients who are opened without a contact."""


class Policies(Protocol):
    """Which channels require it."""

    async def requires(self, channel: str) -> bool: ...


class NoPolicies:
    """Where none does."""

    async def requires(self, channel: str) -> bool:  # noqa: ARG002
        return False


class Origins:
    """Checks it."""

    def __init__(self, policies: Policies | None = None) -> None:
        self._policies = policies or NoPolicies()

    async def said(self, source: str, channel: str, actor: Actor) -> Document:
        """What a new client's document has of it; nothing where nobody said so.

        What a service does on somebody's behalf has no session: it has a source of its own.

        Raises:
            InvalidInput: the channel requires it.
        """
        if seen := plain.line(source).strip():
            return {"source": {"kind": "answer", "value": seen}}
        if actor.session and await self._policies.requires(channel):
            fix = f"a new client needs one in the channel {channel}; say how he heard of us"
            raise InvalidInput(f"source: {fix}", fields={"source": fix})
        return {}
