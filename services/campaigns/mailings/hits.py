"""Opens and clicks on recipients' rows: judged anew with each, so that a burst undoes what it seemed at first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from hub.channels.marks import Mark
from hub.contracts.base import Envelope
from hub.contracts.campaign import HitRecorded, Response
from hub.kit.clock import from_iso, iso
from hub.kit.ids import derive
from hub.store.base import Document
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.models import RowState
from services.campaigns.mailings.outcomes import Change, Outcomes
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.tracking.judging import judged

KEPT = 50
"""Hits of one recipient: the first ones and the newest."""
_STATES: Mapping[str, RowState] = {"opened": RowState.OPENED, "clicked": RowState.CLICKED}


class Hits:
    """Takes them in, in bulk; each may be told twice."""

    def __init__(self, repository: MailingRepository, outcomes: Outcomes) -> None:
        self._repository = repository
        self._outcomes = outcomes

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Raises StoreUnavailable and BusUnavailable."""
        hits: dict[str, list[HitRecorded]] = {}
        for envelope in envelopes:
            if isinstance(envelope.event, HitRecorded):
                hits.setdefault(envelope.event.key(), []).append(envelope.event)
        known = await self._repository.get_many(hits)
        changes = {row_id: with_hits(hits[row_id]) for row_id in known}
        after = await self._outcomes.amend(known, changes)
        await self._outcomes.tell([one for row in after.values() for one in responses_of(row)])
        first = [row for row_id, row in after.items() if _answers(row) != _answers(known[row_id])]
        for row in first:
            await self._outcomes.bring(row)


class Letters:
    """What recipients got, as pages; see `services.campaigns.tracking.doors.Letters`."""

    def __init__(self, repository: MailingRepository, library: Library) -> None:
        self._repository = repository
        self._library = library

    async def html(self, mark: Mark) -> str | None:
        row = (await self._repository.get_many([mark.row])).get(mark.row)
        mailing = await self._repository.plain.get(mark.mailing) if row and "way" in row else None
        if row is None or mailing is None:
            return None
        return await (await self._library.of(mailing)).page(row, self._library.templates)


def with_hits(events: Sequence[HitRecorded]) -> Change:
    def change(row: Document) -> Document:
        hits = list(row.get("hits") or ())
        new = [one for one in map(_kept, events) if one not in hits]
        if not new:
            return row
        hits = sorted([*hits, *new], key=lambda one: str(one["at"]))
        return _judged(row, [*hits[: KEPT // 2], *hits[max(KEPT // 2, len(hits) - KEPT // 2) :]])

    return change


def _kept(event: HitRecorded) -> Document:
    agent = blake2b(event.agent.encode(), digest_size=4).hexdigest()
    kept: Document = {"k": event.kind, "at": iso(event.at), "a": agent, "c": event.caller, "b": event.machine}
    return {**kept, "l": event.link, "u": event.url} if event.kind == "clicked" else kept


def _judged(row: Document, hits: Sequence[Document]) -> Document:
    """The row with what people did; its state goes back where it was a machine's after all."""
    machines = judged(hits)
    people = [one for one, machine in zip(hits, machines, strict=True) if not machine]
    base = RowState(row.get("base") or row["state"])
    answers = [one for one in row.get("answers") or () if one["kind"] not in _STATES]
    raised = [RowState[one["kind"].upper()] for one in answers if one["kind"] in ("replied", "bounced")]
    states = [base, *raised, *(_STATES[one["k"]] for one in people)]
    clicked = next((one for one in people if one["k"] == "clicked"), None)
    if clicked:
        answers = [*answers, {"kind": "clicked", "at": clicked["at"], "words": clicked["u"]}]
    marked = [{**one, "m": machine} for one, machine in zip(hits, machines, strict=True)]
    state = max(states, key=lambda one: one.rank)
    return {**row, "hits": marked, "base": base.value, "state": state.value, "answers": answers}


def responses_of(row: Document) -> list[tuple[str, Response]]:
    """All hits of a row, as they are judged now."""
    return [(row["mailing"], _response(row, one)) for one in row.get("hits") or ()]


def _response(row: Document, hit: Mapping[str, Any]) -> Response:
    at: datetime = from_iso(hit["at"])
    made = derive("rs", row["_id"], hit["k"], hit["at"], str(hit.get("l")), hit["c"])
    return Response(
        id=made,
        row=row["_id"],
        client_id=row.get("client_id"),
        kind="opened" if hit["k"] == "opened" else "clicked",
        at=at,
        link=hit.get("l"),
        machine=bool(hit.get("m")),
    )


def _answers(row: Document) -> list[Any]:
    return [one for one in row.get("answers") or () if one["kind"] == "clicked"]
