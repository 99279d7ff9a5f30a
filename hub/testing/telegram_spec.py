"""The published description of Telegram's Bot API, for tests: what a request may hold, and values of any type."""

import random
from collections.abc import Mapping
from typing import Any

Spec = Mapping[str, Any]
_DEPTH = 5
_PLAIN = {"Integer": int, "Boolean": bool, "String": str, "Float": float}


def request_problems(spec: Spec, method: str, given: Mapping[str, Any]) -> list[str]:
    """What does not fit: unknown parameters, missing ones, wrong types."""
    described = spec["methods"].get(method) or _any_case(spec, method)
    if described is None:
        return ["no such method"]
    fields = {field["name"]: field for field in described.get("fields", [])}
    attached = {one["media"].removeprefix("attach://") for one in given.get("media", []) if isinstance(one, dict)}
    wrong = [f"unknown parameter {name}" for name in given if name not in fields and name not in attached]
    wrong += [f"{name} is required" for name, field in fields.items() if field["required"] and name not in given]
    for name, value in given.items():
        if name in fields and not any(_fits(spec, kind, value) for kind in fields[name]["types"]):
            wrong.append(f"{name}: {value!r} is no {' or '.join(fields[name]['types'])}")
    return wrong


def _any_case(spec: Spec, method: str) -> Any:
    """Telegram takes method names in any case."""
    found = {name.lower(): described for name, described in spec["methods"].items()}
    return found.get(method.lower())


def _fits(spec: Spec, kind: str, value: Any) -> bool:
    if kind == "InputFile":
        return isinstance(value, tuple)
    if kind.startswith("Array of "):
        inner = [one.strip() for one in kind.removeprefix("Array of ").replace(" and ", ", ").split(",")]
        return isinstance(value, list) and all(any(_fits(spec, one, item) for one in inner) for item in value)
    if kind == "Integer":
        return isinstance(value, str) and value.lstrip("-").isdigit()
    if kind == "Boolean":
        return value in ("true", "false", "True", "False")
    if kind == "Float":
        return isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit()
    if kind == "String":
        return isinstance(value, str)
    return isinstance(value, dict) and _fits_object(spec, kind, value)


def _fits_object(spec: Spec, kind: str, value: Mapping[str, Any]) -> bool:
    described = spec["types"].get(kind)
    if described is None:
        return False
    if subtypes := described.get("subtypes"):
        return any(_fits_object(spec, one, value) for one in subtypes)
    fields = {field["name"]: field for field in described.get("fields", [])}
    required = {name for name, field in fields.items() if field["required"]}
    return required <= value.keys() <= fields.keys()


def a_value(spec: Spec, kind: str, rng: random.Random, depth: int = _DEPTH) -> Any:
    """Any value of a type, its optional fields there or not."""
    if kind.startswith("Array of "):
        return [a_value(spec, kind.removeprefix("Array of "), rng, depth - 1) for _ in range(rng.randint(0, 3))]
    if kind in _PLAIN or kind == "True":
        return _plain(kind, rng)
    described = spec["types"].get(kind)
    if described is None:
        return "attach://file"
    if subtypes := described.get("subtypes"):
        return a_value(spec, rng.choice(subtypes), rng, depth)
    fields = [
        field
        for field in described.get("fields", [])
        if field["required"] or (depth > 0 and rng.random() < 0.4 / (1 + _DEPTH - depth))
    ]
    return {field["name"]: a_value(spec, rng.choice(field["types"]), rng, depth - 1) for field in fields}


def _plain(kind: str, rng: random.Random) -> Any:
    if kind == "Integer":
        return rng.choice([0, 1, -1, 7, 1_770_000_000, -1_001_234_567_890, 2**52, rng.randint(0, 10**12)])
    if kind == "Boolean":
        return rng.random() < 0.5
    if kind == "True":
        return True
    if kind == "Float":
        return rng.choice([0.0, 55.75, -179.999999, 1e9])
    words = ["", "private", "Привет, 👋 мир", "a", "/start vk_spring", "x" * 300, "\x00\ud800", "<b>&", "@bot"]
    return rng.choice(words)
