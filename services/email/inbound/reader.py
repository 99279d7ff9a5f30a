"""Mails read in processes of their own, a few at a time: whatever one does there, those beside it are read."""

import asyncio
from collections.abc import Iterator, Sequence

from hub.kit.apart import Apart, TooCostly
from services.email.inbound.models import Normalised, Reading, Sheet, Stored, Terms

READ = "services.email.inbound.worker:read_mails"
_TOGETHER = 16
"""Mails of one call."""
_BYTES_TOGETHER = 2**20
_FREE = 8 * 2**20
"""Bytes of a mail that are read within one limit; a longer one has one more for as many."""


class Reader:
    """Reads what is stored."""

    def __init__(self, apart: Apart, *, limit: float, read: str = READ) -> None:
        """`limit` is CPU seconds for a mail of up to 8 MiB; a larger one has as much again for each 8 MiB."""
        self._apart = apart
        self._limit = limit
        self._read = read

    async def read(self, stored: Sequence[Stored], terms: Terms) -> list[Reading]:
        """One reading for each mail, in order; what ends its process is tried once more alone, then given up."""
        groups = await asyncio.gather(*(self._read_together(group, terms) for group in _groups(stored)))
        return [reading for group in groups for reading in group]

    async def _read_together(self, group: Sequence[Stored], terms: Terms) -> list[Reading]:
        try:
            return await self._call(group, terms)
        except TooCostly:
            return [await self._read_alone(stored, terms) for stored in group]

    async def _read_alone(self, stored: Stored, terms: Terms) -> Reading:
        try:
            (reading,) = await self._call([stored], terms)
        except TooCostly as exc:
            return Reading(stored, reason=f"it cannot be read: {exc}")
        return reading

    async def _call(self, group: Sequence[Stored], terms: Terms) -> list[Reading]:
        limit = self._limit * (1 + sum(len(stored.raw) for stored in group) // _FREE)
        sheets = [Sheet.of(stored) for stored in group]
        found: list[Normalised | str] = await self._apart.call(self._read, sheets, terms, cpu=limit)
        return [
            Reading(stored, reason=one) if isinstance(one, str) else Reading(stored, normalised=one)
            for stored, one in zip(group, found, strict=True)
        ]


def _groups(stored: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    """In order, of a bounded number of mails and bytes; a larger mail is alone."""
    group: list[Stored] = []
    size = 0
    for one in stored:
        if group and (len(group) == _TOGETHER or size + len(one.raw) > _BYTES_TOGETHER):
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.raw)
    if group:
        yield group
