"""Files that a form refers to: uploaded through the gateway, named by their ids, described wherever a form is taken.

An upload is a blob with its description beside it, so that whoever reaches the blobs of the hub can be handed its id.
A form says `attachments: tuple[Upload, ...]`; callers give ids, the code that answers gets what they name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from hub.contracts.interaction import Attachment
from hub.kit.blobs import Blobs
from hub.kit.errors import InvalidInput, NotFound

_MAX_ID = 100
_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{_MAX_ID}}}")


class _Named:
    """Marks a field whose values are ids of uploads."""


def _named(given: object, _: ValidatorFunctionWrapHandler) -> Attachment:
    """Never a description from outside: it would name any blob of the hub."""
    if isinstance(given, Attachment):
        return given
    if isinstance(given, str) and _ID.fullmatch(given):
        return Attachment(id=given, filename="", content_type="", size=0, state="pending")
    raise ValueError("give the id that POST /api/v1/attachments gave")


Upload = Annotated[
    Attachment,
    WrapValidator(_named),
    WithJsonSchema(
        {"type": "string", "maxLength": _MAX_ID, "description": "`id` of an upload, see POST /api/v1/attachments"}
    ),
    _Named(),
]
"""A field of a form, or the items or values of one."""


class Uploads:
    """What employees uploaded."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def keep(self, attachment: Attachment, content: bytes, about: Mapping[str, str]) -> Attachment:
        """Durable when it returns, under its id; `about` says who uploaded it and when."""
        kept = attachment.model_copy(update={"blob": blob_of(attachment.id)})
        await self._blobs.put_many({kept.blob: content, **description_of(kept, about)})
        return kept

    async def get(self, upload_id: str) -> Attachment:
        """Raises NotFound."""
        return Attachment.model_validate_json(await self._blobs.get(f"{blob_of(upload_id)}.json"))

    async def named_in(self, form: BaseModel) -> BaseModel:
        """The form with what its ids name.

        Raises:
            InvalidInput: one of them was never uploaded; it names the field.
        """
        found = {name: await self._filled(name, getattr(form, name)) for name in upload_fields(type(form))}
        return form.model_copy(update={name: value for name, value in found.items() if value is not None})

    async def _filled(self, field: str, value: Any) -> Any:
        known: dict[str, Attachment] = {}
        missing: list[str] = []
        for one in _every(value):
            try:
                known[one.id] = await self.get(one.id) if not one.blob else one
            except NotFound:
                missing.append(one.id)
        if missing:
            fix = f"no upload {', '.join(missing)}; send the file to POST /api/v1/attachments first and give its id"
            raise InvalidInput(f"{field}: {fix}", fields={field: fix})
        return _replaced(value, known)


def blob_of(upload_id: str) -> str:
    return f"uploads/{upload_id}"


def description_of(upload: Attachment, about: Mapping[str, str]) -> dict[str, bytes]:
    """The blob beside an upload."""
    return {f"{blob_of(upload.id)}.json": orjson.dumps({**upload.model_dump(), **about})}


def upload_fields(form: type[BaseModel]) -> list[str]:
    """The fields of a form that name uploads, one or many of them."""
    return [
        name
        for name, field in form.model_fields.items()
        if any(isinstance(mark, _Named) for mark in field.metadata) or _names(field.annotation)
    ]


def _names(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated and any(isinstance(mark, _Named) for mark in get_args(annotation)):
        return True
    inner = get_args(annotation) if get_origin(annotation) in (tuple, list, dict, Union, UnionType, Annotated) else ()
    return any(_names(one) for one in inner if one not in (NoneType, Ellipsis))


def _every(value: Any) -> Iterator[Attachment]:
    values: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if value else ()
    yield from (value,) if isinstance(value, Attachment) else values


def _replaced(value: Any, known: Mapping[str, Attachment]) -> Any:
    if isinstance(value, Attachment):
        return known[value.id]
    if isinstance(value, Mapping):
        return {name: known[one.id] for name, one in value.items()}
    return tuple(known[one.id] for one in value) if value is not None else None
