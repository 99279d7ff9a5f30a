"""What becomes of each row of a file of money: added, changed, there already, left, or refused with the reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.api.actor import Actor
from hub.kit.errors import InvalidInput
from hub.store.base import Document
from services.campaigns.attribution.models import NewCost, NewPayment
from services.campaigns.attribution.money import Kind, MoneyBook
from services.campaigns.moneyfiles.columns import Subject
from services.campaigns.moneyfiles.models import ROW, Weighed
from services.campaigns.sources.repository import path_id
from services.campaigns.sources.service import Sources

Rows = list[dict[str, Any]]


class Weighing:
    """Of all subjects."""

    def __init__(self, book: MoneyBook, sources: Sources) -> None:
        self._book = book
        self._sources = sources

    async def weigh(self, subject: Subject, rows: Rows, actor: Actor) -> list[Weighed]:
        """In the order of the rows; nothing is stored. Raises StoreUnavailable."""
        found = [await self._looked_at(subject, row, actor) for row in rows]
        drafts = {n: one.document for n, one in enumerate(found) if one.document is not None}
        documents, kind = list(drafts.values()), kind_of(subject)
        problems = await self._book.problems(kind, documents, actor)
        standing = await self._book.standing(kind, documents)
        met: set[str] = set()
        for place, (n, document) in enumerate(drafts.items()):
            row = found[n]
            if place in problems:
                found[n] = Weighed(row.n, "reject", "{}: {}".format(*problems[place]))
                continue
            action = "same" if document["_id"] in met else standing[place]
            met.add(document["_id"])
            found[n] = Weighed(row.n, action, document=document, path=row.path)
        return found

    async def store(self, subject: Subject, weighed: Sequence[Weighed], actor: Actor) -> None:
        """What is added or changed. Raises StoreUnavailable."""
        for path in {one.path for one in weighed if one.path and one.action in ("add", "change")}:
            await self._sources.ensure(path, owner=actor.login)
        wanted = {one.document["_id"]: one.document for one in weighed if one.document is not None}
        if wanted:
            await self._book.put(kind_of(subject), list(wanted.values()))

    async def _looked_at(self, subject: Subject, row: Mapping[str, Any], actor: Actor) -> Weighed:
        if "item" not in row:
            action = "skip" if "skip" in row else "reject"
            return Weighed(row["n"], action, row.get("skip") or row["problem"])  # type: ignore[arg-type]
        try:
            return await self._draft(subject, row["n"], row["item"], actor)
        except InvalidInput as exc:
            return Weighed(row["n"], "reject", str(exc).removeprefix("items.0."))

    async def _draft(self, subject: Subject, n: int, item: Mapping[str, Any], actor: Actor) -> Weighed:
        if subject != "costs":
            document = self._book.payments_of([NewPayment.model_validate(item)], actor=actor, key=None)[0]
            return Weighed(n, "add", document=_unnamed(document))
        source, path = await self._source(item, actor)
        fields = {name: value for name, value in item.items() if name not in ("path", "reference")}
        cost = NewCost.model_validate({**fields, "source": source})
        return Weighed(n, "add", document=self._book.costs_of([cost], actor=actor, key=None)[0], path=path)

    async def _source(self, item: Mapping[str, Any], actor: Actor) -> tuple[str, tuple[str, ...]]:
        """Its id, and the path of one that is not there yet: by id, by what it is called elsewhere, by its path."""
        if item["source"]:
            return str((await self._sources.named(item["source"], actor, field="source_id"))["_id"]), ()
        if item["reference"]:
            return str((await self._sources.called(item["reference"], actor))["_id"]), ()
        path = tuple(item["path"])
        made = path_id(path)
        if await self._sources.is_there(made):
            return str((await self._sources.named(made, actor, field="channel"))["_id"]), ()
        return made, path


def kind_of(subject: Subject) -> Kind:
    return "cost" if subject == "costs" else "payment"


def _unnamed(document: Document) -> Document:
    """What was made of its words is no number of a document."""
    return {**document, "reference": ""} if document["reference"].startswith(ROW) else document
