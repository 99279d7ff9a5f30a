"""What the documents of the interactions service tell when they change: pure."""

from collections.abc import Sequence
from typing import cast

import orjson

from hub.contracts.address import AddressChanged
from hub.contracts.base import Event, Prepared
from hub.contracts.client import Chain, ChainChanged, ChainOpened, Client, ClientChanged, ClientOpened
from hub.contracts.interaction import (
    Interaction,
    InteractionChanged,
    InteractionLinked,
    InteractionPlanned,
    event_id_of,
    marks_of,
)
from hub.store.base import Document
from hub.store.told import Fact
from services.interactions.chains.state import shown_state
from services.interactions.models import is_ours

_INTERACTION = tuple(name for name in Interaction.model_fields if name != "id")
_CLIENT = tuple(name for name in Client.model_fields if name != "id")
_CHAIN = tuple(name for name in Chain.model_fields if name not in ("id", "last_at", "last_id"))
"""That a message came moves a chain on, which the message itself tells."""
_WORTH = ("client_id", "verified", "invalid", "complained", "unreachable", "consent")


def interaction_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (InteractionPlanned,) if is_ours(after) else (InteractionLinked,)
    return (InteractionChanged,) if _differ(before, after, _INTERACTION) else ()


def interaction_state(kind: type[Event], document: Document) -> Event:
    """Straight from the document, which is as the contract says."""
    shown = {name: document[name] for name in _INTERACTION if name in document}
    shown["id"] = document["_id"]
    revision: int = document["_v"]
    told = Prepared(
        kind,
        body=b'{"interaction":%b,"revision":%d}' % (orjson.dumps(shown), revision),
        key=document.get("born_client_id") or document["client_id"],
        event_id=event_id_of(kind, document["_id"], revision),
        marks=marks_of(document, linked=kind is InteractionLinked),
    )
    return cast(Event, told)


def client_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (ClientOpened,)
    return (ClientChanged,) if _differ(before, after, _CLIENT) else ()


def client_state(kind: type[Event], document: Document) -> Event:
    custom = [{"name": name, "value": value} for name, value in (document.get("custom") or {}).items()]
    client = {**document, "id": document["_id"], "custom": custom}
    return kind.model_validate({"client": client, "revision": document["_v"]})


def chain_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (ChainOpened,)
    return (ChainChanged,) if _differ(before, after, _CHAIN) else ()


def chain_state(kind: type[Event], document: Document) -> Event:
    state = {**document, **shown_state(document), "id": document["_id"]}
    return kind.model_validate({"chain": state, "revision": document["_v"]})


def address_facts(before: Document | None, after: Document) -> Sequence[Fact]:
    """That a client has an address when he is opened is told with him."""
    told = _WORTH if before else _WORTH[2:]
    return (AddressChanged,) if _differ(before or {}, after, told) else ()


def address_state(kind: type[Event], document: Document) -> Event:
    consent = [{**said, **_about(name)} for name, said in (document.get("consent") or {}).items()]
    state = {**document, "address": document["_id"], "consent": consent}
    return kind.model_validate({"address": state, "revision": document["_v"]})


def _about(name: str) -> dict[str, str]:
    """What a word of consent is about, by the name that it is kept under."""
    channel, _, topic = name.partition("/")
    return {"channel": channel, **({"topic": topic} if topic else {})}


def _differ(before: Document, after: Document, names: Sequence[str]) -> bool:
    """What is missing is as good as nothing."""
    return any((before.get(name) or None) != (after.get(name) or None) for name in names)
