"""The file that tells tools where a running hub is: `DIR/omnihub.json`, written once it is ready."""

import secrets
from pathlib import Path
from typing import Any

import orjson

NAME = "omnihub.json"


def describe(data: Path, **facts: Any) -> None:
    """Adds `facts` to the description; readers see the old file or the new one, never a part."""
    merged = {**described(data), **facts}
    draft = data / f"{NAME}.{secrets.token_hex(8)}"
    draft.write_bytes(orjson.dumps(merged, option=orjson.OPT_INDENT_2))
    draft.replace(data / NAME)


def described(data: Path) -> dict[str, Any]:
    """What a hub on this folder said of itself last; empty if none did."""
    try:
        found: dict[str, Any] = orjson.loads((data / NAME).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found


def forget(data: Path, *names: str) -> None:
    """Takes facts back while a process is not ready; all of them when none is named."""
    kept = {key: value for key, value in described(data).items() if names and key not in names}
    if kept:
        (data / NAME).write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    else:
        (data / NAME).unlink(missing_ok=True)
