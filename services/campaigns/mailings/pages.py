"""Rows as requests to the channels: in pages that fit into an event, with what is filled in for each recipient."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from hub.contracts.interaction import Recipient, SendPage
from hub.kit.clock import from_iso
from hub.kit.ids import derive
from hub.store.base import Document
from services.campaigns.mailings.contents import Contents, Renders, Spoken

MOST, BYTES = 250, 500_000
"""Recipients of a page, and bytes of what is filled in for them."""


@dataclass(frozen=True, slots=True)
class Made:
    """Rows as they shall be, and the requests for those that leave."""

    rows: list[Document]
    pages: list[SendPage]


def message_id(row: Document) -> str:
    """Of the message that leaves for a row at this attempt: the same whoever makes it."""
    at = int(from_iso(row["at"]).timestamp())
    return derive("in", row["_id"], str(row["attempt"]), at=at)


async def made(mailing: Document, contents: Contents, rows: Sequence[Document], templates: Renders) -> Made:
    """Raises CannotStart where nothing can be rendered now."""
    after: list[Document] = []
    pages: list[SendPage] = []
    for spoken, some in _by_content(contents, rows):
        values = [_bounded(value) for value in await _values(spoken, some, templates)]
        done = [_asked(row, value) for row, value in zip(some, values, strict=True)]
        after += done
        leaving = [(row, value) for row, value in zip(done, values, strict=True) if isinstance(value, tuple)]
        pages += _pages(mailing, spoken, leaving)
    return Made(after, pages)


async def letters(
    contents: Contents, rows: Sequence[Document], templates: Renders
) -> dict[str, tuple[str, str] | str]:
    """By row heading and text of the letter, or why there is none. Raises CannotStart."""
    found: dict[str, tuple[str, str] | str] = {}
    for spoken, some in _by_content(contents, rows):
        values = [_bounded(value) for value in await _values(spoken, some, templates)]
        for row, value in zip(some, values, strict=True):
            found[row["_id"]] = value if isinstance(value, str) else _letter(spoken, row, value)
    return found


def _letter(spoken: Spoken, row: Document, value: tuple[str, ...]) -> tuple[str, str]:
    rendered = spoken.content.rendered(row["number"], value)
    return rendered.subject, rendered.text


def _by_content(contents: Contents, rows: Sequence[Document]) -> Iterator[tuple[Spoken, list[Document]]]:
    found: dict[str, tuple[Spoken, list[Document]]] = {}
    for row in rows:
        spoken = contents.of_row(row)
        found.setdefault(spoken.blob, (spoken, []))[1].append(row)
    yield from found.values()


async def _values(spoken: Spoken, rows: Sequence[Document], templates: Renders) -> list[tuple[str, ...] | str]:
    """For each row what is filled in, or why it cannot be."""
    if spoken.simple:
        return [_filled(spoken, row) for row in rows]
    people = [(row["number"], row["variables"]) for row in rows]
    rendered = await templates.rendered(spoken.built, spoken.content, people)
    return [
        one["failed"] if "failed" in one else (one["subject"], one["text"], one["html"] or "") for one in rendered
    ]


def _filled(spoken: Spoken, row: Document) -> tuple[str, ...] | str:
    values = [(slot.name, slot.value(row["variables"])) for slot in spoken.said.slots]
    lacking = next((name for name, value in values if value is None), None)
    return f"'{lacking}' is missing" if lacking else tuple(value or "" for _, value in values)


def _bounded(value: tuple[str, ...] | str) -> tuple[str, ...] | str:
    """What fits into an event with nothing else; of what does not, why."""
    if isinstance(value, str) or (size := _weight(value)) <= BYTES:
        return value
    return f"what is filled in has {size:,} bytes, over {BYTES:,}"


def _weight(value: tuple[str, ...]) -> int:
    """Bytes, as they travel."""
    return len(orjson.dumps(value))


def _asked(row: Document, value: tuple[str, ...] | str) -> Document:
    if isinstance(value, str):
        return {**row, "state": "failed", "step": "over", "reason": f"cannot be made: {value}"[:500]}
    return {**row, "step": "asked", "message": message_id(row)}


def _pages(
    mailing: Document, spoken: Spoken, leaving: Sequence[tuple[Document, tuple[str, ...]]]
) -> Iterator[SendPage]:
    page: list[Recipient] = []
    size = 0
    for row, value in leaving:
        weight = 400 + _weight(value)
        if page and (len(page) >= MOST or size + weight > BYTES):
            yield _page(mailing, spoken, leaving[0][0], page)
            page, size = [], 0
        page.append(_recipient(row, value))
        size += weight
    if page:
        yield _page(mailing, spoken, leaving[0][0], page)


def _page(mailing: Document, spoken: Spoken, row: Document, recipients: Sequence[Recipient]) -> SendPage:
    message = mailing["messages"][row["way"]]
    return SendPage(
        group=mailing["_id"],
        channel=message["channel"],
        account=message["account"],
        content=spoken.blob,
        topic=mailing["topic"],
        from_name=message["from_name"],
        recipients=tuple(recipients),
    )


def _recipient(row: Document, value: tuple[str, ...]) -> Recipient:
    return Recipient(
        id=row["message"],
        number=row["number"],
        address=row["address"],
        raw=row["raw"],
        name=row["name"],
        values=value,
        time_zone=row["time_zone"],
    )
