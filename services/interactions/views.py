"""Lists of the interactions service over HTTP, and what of a message a list shows."""

from typing import Any

from pydantic import Field

from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.contracts.shown import ChainView, ClientView, InteractionView, View

SHOWN = 2_000
"""Characters that a list shows of each text of a message."""
_TEXTS = ("text", "new_text", "quoted_text", "signature")


class InteractionList(View):
    items: list[InteractionView]
    next: str | None


class ClientList(View):
    items: list[ClientView]
    next: str | None


class ChainList(View):
    items: list[ChainView]
    next: str | None


class QueueCounts(View):
    """Open chains in each queue; a number as large as `at_most` may be more."""

    mine: int
    unassigned: int = Field(description="Those that nobody has taken")
    team: int = Field(description="Of your teams, whoever owns them")
    all: int = Field(description="All that you see")
    mentions: int = Field(description="Those in which a note names you")
    snoozed: int = Field(description="Put aside")
    review: int = Field(
        description="Drafts of colleagues that wait for your approval: GET /api/v1/drafts?review=true"
    )
    at_most: int


class WayView(View):
    """A way to a client, or why there is none."""

    channel: str = Field(examples=["telegram"])
    address: MaskedAddress | None = Field(examples=["telegram:@romashka_bot/123456"])
    account: str | None = Field(description="Which of ours would write")
    available: bool
    reason: MaskedWords | None = Field(examples=["cannot be reached since 2026-03-02: he blocked the bot"])
    name: MaskedWords = ""


class WayList(View):
    items: list[WayView]


def listed(view: dict[str, Any]) -> dict[str, Any]:
    """An interaction as a list shows it: each of its texts once and its beginning only, no earlier forms."""
    once = {**view, **_once(view), "revisions": (), "history": ()}
    shown = {name: once[name][:SHOWN] for name in _TEXTS}
    cut = bool(view["revisions"]) or any(shown[name] != once[name] for name in _TEXTS)
    return {**once, **shown, "cut": cut}


def _once(view: dict[str, Any]) -> dict[str, str]:
    """What is new and what it quotes tell all of the text; where all is new, the text tells it."""
    if view["new_text"] == view["text"].strip():
        return {"new_text": "", "quoted_text": "", "signature": ""}
    return {"text": ""}
