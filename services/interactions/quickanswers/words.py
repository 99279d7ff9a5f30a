"""The places in a quick answer that the chain fills in: `{{ first_name | друг }}`. Pure."""

import re
from collections.abc import Mapping

from hub.api.actor import Actor
from hub.store.base import Document

NAMES = ("client", "first_name", "subject", "operator")
_PLACE = re.compile(r"\{\{([^{}|]{0,60})(?:\|([^{}]{0,200}))?\}\}")
"""Each part is as long as it may be at most, so that a text costs what its length does."""


def check(text: str) -> str:
    """Raises ValueError: it has a place that nothing fills in."""
    for name in (place[1].strip() for place in _PLACE.finditer(text)):
        if name not in NAMES:
            known = ", ".join(NAMES)
            raise ValueError(f"{{{{ {name} }}}} is none of {known}; write {{{{ client | a word instead }}}}")
    return text


def filled(text: str, values: Mapping[str, str]) -> str:
    """With what is known; else what stands behind the bar, else nothing."""
    return _PLACE.sub(lambda place: values.get(place[1].strip(), "") or (place[2] or "").strip(), text)


def values_of(chain: Document, client: Document | None, actor: Actor) -> dict[str, str]:
    client = client or {}
    return {
        "client": client.get("name") or "",
        "first_name": client.get("given_name") or "",
        "subject": chain.get("subject") or "",
        "operator": actor.name or actor.login,
    }
