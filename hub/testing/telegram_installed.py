"""Telegram's Bot API as python-telegram-bot has it in its types, in the form of the published description."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import telegram

from hub.testing.telegram_spec import Spec

_NAMES = {
    "int": "Integer",
    "str": "String",
    "bool": "Boolean",
    "float": "Float",
    "datetime": "Integer",
    "timedelta": "Integer",
    "bytes": "InputFile",
    "FileInput": "InputFile",
}
_SEVERAL = {
    "ReplyMarkup": ("InlineKeyboardMarkup", "ReplyKeyboardMarkup", "ReplyKeyboardRemove", "ForceReply"),
    "FileInput": ("InputFile", "String"),
}
_THEIRS = {"api_kwargs", "filename"}
"""Parameters that the library has for itself."""


@cache
def installed() -> Spec:
    """`{types: {NAME: {fields[{name, required, types[]}], subtypes[]}}, methods: {NAME: {fields}}}`."""
    named = {name: getattr(telegram, name) for name in telegram.__all__}
    types = {
        name: found
        for name, found in named.items()
        if inspect.isclass(found) and issubclass(found, telegram.TelegramObject) and found is not telegram.Bot
    }
    methods = {name: getattr(telegram.Bot, name) for name in dir(telegram.Bot) if re.match(r"[a-z]+[A-Z]", name)}
    return {
        "types": {name: _type(found, types) for name, found in types.items() if name != "TelegramObject"},
        "methods": {name: {"fields": list(_fields(found))} for name, found in methods.items()},
    }


def _type(found: type, types: dict[str, type]) -> dict[str, Any]:
    if subtypes := [name for name, other in types.items() if other is not found and issubclass(other, found)]:
        return {"subtypes": subtypes}
    fields = list(_fields(inspect.getattr_static(found, "__init__")))
    known = {field["name"] for field in fields}
    kept = {name for each in found.__mro__ for name in getattr(each, "__slots__", ())}
    set_by_itself = sorted(kept & {"type", "status"} - known)
    return {"fields": [*fields, *({"name": name, "required": False, "types": ["String"]} for name in set_by_itself)]}


def _fields(called: Any) -> Iterator[dict[str, Any]]:
    """Of its parameters; those by name alone are the library's own."""
    for name, parameter in inspect.signature(called).parameters.items():
        if name == "self" or name in _THEIRS or parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            continue
        if kinds := list(dict.fromkeys(_kinds(_bare(parameter.annotation)))):
            required = parameter.default is inspect.Parameter.empty
            yield {"name": name.replace("from_user", "from"), "required": required, "types": kinds}


def _bare(annotation: Any) -> str:
    """As text, without modules, quotes and the marks of defaults."""
    text = re.sub(r"<class '([\w.]+)'>", r"\1", str(annotation))
    text = re.sub(r"ForwardRef\('(\w+)'\)|[\w.]+\.(\w+)", lambda name: name[1] or name[2], text)
    return re.sub(r"DefaultValue\[\w+\]", "NoneType", text.replace("'", ""))


def _kinds(text: str) -> Iterator[str]:
    for part in _parts(text):
        head, _, inner = part.partition("[")
        if head in ("Union", "Optional"):
            yield from _kinds(inner[:-1])
        elif head == "Sequence":
            yield from (f"Array of {kind}" for kind in _kinds(inner[:-1]))
        elif head == "Literal":
            yield "String"
        elif head in _SEVERAL:
            yield from _SEVERAL[head]
        elif head in _NAMES or hasattr(telegram, head):
            yield _NAMES.get(head, head)


def _parts(text: str) -> list[str]:
    """Parted by `|` and commas outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character in "|," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
