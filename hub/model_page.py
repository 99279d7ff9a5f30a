"""The page of the model, made of the contracts: what there is, what it consists of, and what refers to what."""

import inspect
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from hub.contracts.base import Body, Event
from hub.contracts.registry import REGISTRY

_HEAD = """\
# The model

Made from `hub/contracts` by `omnihub model >docs/model.md`. What each word means is in the
[glossary](index.md#words); what is told of each, and when, in [events.md](events.md).

A record is stored whole as one document, and told whole, with its `revision`, whenever it is another. Ids are for
ever: a merged client or chain names the other in `into`, and nothing that refers to it is changed.
"""
_NAMES = {
    "client_id": "client",
    "born_client_id": "client",
    "organisation_id": "client",
    "chain_id": "chain",
    "parent": "chain",
    "continues": "chain",
    "interaction_id": "interaction",
    "cause_id": "interaction",
    "causes": "interaction",
    "result_id": "interaction",
    "last_id": "interaction",
    "meeting_id": "interaction",
    "owner": "employee",
    "assignee": "employee",
    "author": "employee",
    "watchers": "employee",
    "login": "employee",
    "readers": "employee",
    "team": "team",
    "accounts": "account",
    "subjects": "outcome",
    "mailing": "mailing",
}
"""What a field of this name refers to; into what a record was merged is of its own kind."""
_OPENED_BY = {"client": "interaction", "chain": "interaction"}
_ELSEWHERE = {
    "employee": "somebody who works here, by login (gateway)",
    "team": "employees who share mailboxes, bots and numbers (gateway)",
    "mailing": "one message to a frozen audience (campaigns)",
    "account": "a mailbox, bot, number or line of ours (email, messaging, telephony)",
}
_ENDS = ("||", "o|", "o{")
"""One, one or none, any number: as Mermaid draws them."""
_FOREIGN = frozenset({"original_message_id", "content_id", "authserv_id"})
"""Fields whose ids are of other systems."""


def page() -> str:
    """In Markdown, with a picture in Mermaid. Raises KeyError for a field that refers to nobody knows what."""
    rows = "\n".join(_row(name, body) for name, body in entities().items())
    others = "\n".join(f"| {name} | {what} |" for name, what in _ELSEWHERE.items())
    table = f"| record | what it is | told on | its parts |\n|---|---|---|---|\n{rows}"
    return (
        f"{_HEAD}\n```mermaid\n{picture()}\n```\n\n{table}\n\nBeside them, by reference alone:\n\n"
        f"| record | what it is |\n|---|---|\n{others}\n"
    )


def entities() -> dict[str, type[Body]]:
    """What some event states the whole of, by the name that the event has for it."""
    found: dict[str, type[Body]] = {}
    for event in REGISTRY.events.values():
        names = set(event.model_fields) - {"revision"}
        if len(names) == 1 and "revision" in event.model_fields:
            name = names.pop()
            body = event.model_fields[name].annotation
            if inspect.isclass(body) and issubclass(body, Body):
                found[name] = body
    return found


def picture() -> str:
    """Records and what they refer to; a line says by which fields, or in which parts."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for name, body in entities().items():
        for field, target, end in _references(name, body):
            lines.setdefault((name, target), {}).setdefault(field, end)
    drawn = [
        f'    {name.upper()} }}o--{_widest(fields)} {target.upper()} : "{", ".join(fields)}"'
        for (name, target), fields in lines.items()
    ]
    return "\n".join(["erDiagram", *drawn])


def _widest(fields: dict[str, str]) -> str:
    return max(fields.values(), key=_ENDS.index)


def _references(entity: str, body: type[BaseModel], *, top: bool = True) -> Iterator[tuple[str, str, str]]:
    """Field of the record, what it or something in it refers to, and how many of those there are."""
    for name, field in body.model_fields.items():
        if target := _target(entity, name, top=top):
            yield name, target, _end(field.annotation)
        elif part := _part(field.annotation):
            for _, found, end in _references(entity, part, top=False):
                yield name, found, "o{" if _is_many(field.annotation) else end


def _target(entity: str, name: str, *, top: bool) -> str | None:
    if name == "into":
        return entity
    if name == "opened_by" and top:
        return _OPENED_BY.get(entity)
    if name.endswith("_id") and name not in _FOREIGN:
        return _NAMES[name]
    return _NAMES.get(name)


def _end(annotation: Any) -> str:
    if _is_many(annotation):
        return "o{"
    return "o|" if NoneType in get_args(annotation) else "||"


def _is_many(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _part(annotation: Any) -> type[BaseModel] | None:
    """The part that a field holds, one or several of it."""
    if inspect.isclass(annotation) and issubclass(annotation, Body):
        return annotation
    if get_origin(annotation) in (tuple, Union, UnionType):
        return next((found for each in get_args(annotation) if (found := _part(each))), None)
    return None


def _row(name: str, body: type[Body]) -> str:
    event = next(event for event in REGISTRY.events.values() if name in event.model_fields and _states(event))
    parts = {part.__name__ for field in body.model_fields.values() if (part := _part(field.annotation))}
    about = " ".join((inspect.getdoc(body) or "").split()).replace("|", "\\|")
    return f"| {name} | {about} | `{event.TOPIC}` | {', '.join(sorted(parts - {'Change'}))} |"


def _states(event: type[Event]) -> bool:
    return "revision" in event.model_fields
