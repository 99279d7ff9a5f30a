"""The page of every setting, made of the settings classes: what it is for, its default, and its variable."""

import importlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import ByteSize, SecretStr
from pydantic.fields import FieldInfo

from hub.kit.settings import Settings
from hub.process import SERVICES
from hub.settings import SECTIONS

_HEAD = """\
# Settings

Made from the settings classes by `omnihub settings >docs/settings.md`.

A setting has its default, unless the file says otherwise that `omnihub --settings FILE` names (each section is a
table, as in [omnihub.example.toml](../omnihub.example.toml)), unless its variable says otherwise. Durations are
ISO 8601 (`PT10S`, `PT5M`, `P2D`) or a number of seconds, sizes are bytes or text as `50 MiB`, and a list in a
variable is parted by commas. An unknown name is refused at start, with the one that was probably meant. What an
administrator sets first: [deploy.md](deploy.md).
"""
_OUTSIDE = (
    ("OMNIHUB_ADMIN_PASSWORD", "gateway", "Password of the first administrator; commands log in with it, too"),
    ("OMNIHUB_LOGIN", "commands", "Who logs in at a running hub, where it is not `admin`"),
    ("OMNIHUB_PASSWORD", "commands", "The password of that login; not set: asked for"),
    ("OMNIHUB_TOKEN", "commands", "A token instead of a login"),
    ("AWS_ACCESS_KEY_ID", "all, `backup`, `restore`", "Who a bucket is read and written as"),
    ("AWS_SECRET_ACCESS_KEY", "all, `backup`, `restore`", "The secret of that"),
    ("AWS_SESSION_TOKEN", "all, `backup`, `restore`", "The token of a login that ends by itself"),
    ("AWS_REGION", "all, `backup`, `restore`", "Where the bucket is"),
    ("AWS_ENDPOINT_URL", "all, `backup`, `restore`", "The address of other makers' servers"),
    ("AWS_ALLOW_HTTP", "all, `backup`, `restore`", "`true`, where that address is plain HTTP"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "all", "Headers for the collector that `[hub] traces` names, as its login"),
)
"""Variables that stand outside the sections, who reads them, and what for."""


def page() -> str:
    """In Markdown."""
    sections = "\n".join(_section(settings) for settings in every_settings())
    return f"{_HEAD}\n{sections}\n{_outside()}"


def _outside() -> str:
    rows = "\n".join(f"| `{name}` | {who} | {about} |" for name, who, about in _OUTSIDE)
    title = "## Variables that stand outside the sections"
    return f"{title}\n\n| variable | read by | what it is for |\n|---|---|---|\n{rows}\n"


def every_settings() -> list[type[Settings]]:
    """All classes of the hub and its services, each a section."""
    services = [importlib.import_module(f"services.{name}.settings").Settings for name in SERVICES]
    return [*SECTIONS, *services]


def variable(section: str, name: str) -> str:
    return f"OMNIHUB_{section}__{name}".upper()


def _section(settings: type[Settings]) -> str:
    rows = "\n".join(_rows(settings))
    head = "| setting | variable | default | what it is for |\n|---|---|---|---|"
    return f"## [{settings.SECTION}]\n\n{head}\n{rows}\n"


def _rows(settings: type[Settings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        about = (field.description or "").replace("|", "\\|")
        yield f"| `{name}` | `{variable(settings.SECTION, name)}` | {_default(field)} | {about}{_choices(field)} |"


def _choices(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return f" ({', '.join(f'`{choice}`' for choice in get_args(field.annotation) if choice)})"


def _default(field: FieldInfo) -> str:
    told = _told(field.get_default(call_default_factory=True))
    return f"`{told}`" if told else "–"


def _told(value: Any) -> str:
    """As it is written in a variable; empty for what is not set."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return _duration(int(value.total_seconds()))
    if isinstance(value, ByteSize):
        return value.human_readable().replace(".0MiB", " MiB")
    if isinstance(value, tuple | list):
        return ", ".join(map(_told, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _duration(seconds: int) -> str:
    for unit, letter, before in ((86_400, "D", "P"), (3_600, "H", "PT"), (60, "M", "PT")):
        if seconds and seconds % unit == 0:
            return f"{before}{seconds // unit}{letter}"
    return f"PT{seconds}S"
