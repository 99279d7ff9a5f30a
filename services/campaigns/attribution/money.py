"""What was spent and earned: costs of sources, payments and rates, by hand or from other programs."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput
from hub.kit.ids import derive, fresh
from hub.store.base import Document, Page
from hub.store.told import Told
from services.campaigns.attribution.models import NewCost, NewPayment, NewRate
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.belonging import belongs, page_of, seen, sees
from services.campaigns.consent.service import Consents
from services.campaigns.sources.service import Sources

Kind = Literal["cost", "payment"]
Standing = Literal["add", "change", "same"]
_THEIRS = ("external_id", "it is another one's, whom you do not see; take another id")


class Clients(Protocol):
    """Whom somebody sees. Each raises StoreUnavailable."""

    async def unseen_whose(self, whose: Sequence[str], actor: Actor) -> set[str]:
        """Of ids of clients and addresses those of clients that he does not see, and ids that are none's."""
        ...

    async def unseen_deals(self, deals: Sequence[str], actor: Actor) -> set[str]:
        """Of deals those that are of clients that he does not see."""
        ...


class MoneyBook:
    """All of it."""

    def __init__(
        self, repository: MoneyRepository, sources: Sources, consents: Consents, clients: Clients, clock: Clock
    ) -> None:
        self._repository = repository
        self._clients = clients
        self._sources = sources
        self._consents = consents
        self._clock = clock

    async def costs(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain_costs, actor, limit=limit, after=after)

    async def payments(self, actor: Actor, *, limit: int, after: str | None) -> Page:
        return await page_of(self._repository.plain_payments, actor, limit=limit, after=after)

    async def rates(self, *, limit: int, after: str | None) -> Page:
        collection = self._repository.plain_rates
        return await collection.find({"removed": False}, order="at", descending=True, limit=limit, after=after)

    async def add_costs(self, given: Sequence[NewCost], *, actor: Actor, key: str | None) -> list[Document]:
        """All or none; one of an `external_id` that is there is changed. Raises InvalidInput."""
        for number, one in enumerate(given):
            await self._sources.named(one.source, actor, field=f"items.{number}.source")
        documents = self.costs_of(given, actor=actor, key=key)
        await self._check("cost", documents, actor)
        return await self.put("cost", documents)

    async def add_payments(self, given: Sequence[NewPayment], *, actor: Actor, key: str | None) -> list[Document]:
        """All or none; one of an `external_id` that is there is changed. Raises InvalidInput and StoreUnavailable."""
        documents = self.payments_of(given, actor=actor, key=key)
        await self._check("payment", documents, actor)
        return await self.put("payment", documents)

    async def _check(self, kind: Kind, documents: Sequence[Document], actor: Actor) -> None:
        for number, (name, fix) in sorted((await self.problems(kind, documents, actor)).items()):
            field = f"items.{number}.{name}"
            raise InvalidInput(f"{field}: {fix}", fields={field: fix})

    def costs_of(self, given: Sequence[NewCost], *, actor: Actor, key: str | None) -> list[Document]:
        """As they would be stored."""
        return [
            {
                **self._base("cost", one.external_id, key, n, actor),
                **one.model_dump(mode="json", exclude={"external_id"}),
            }
            for n, one in enumerate(given)
        ]

    def payments_of(self, given: Sequence[NewPayment], *, actor: Actor, key: str | None) -> list[Document]:
        """As they would be stored. Raises InvalidInput for what is no address."""
        return [
            {
                **self._base("pay", one.external_id, key, n, actor),
                "whose": self._whose(one.whose, f"items.{n}.whose"),
                "paid_at": iso(one.at),
                "amount": one.amount.model_dump(mode="json"),
                "deal": one.deal,
                "reference": one.external_id,
            }
            for n, one in enumerate(given)
        ]

    async def problems(self, kind: Kind, documents: Sequence[Document], actor: Actor) -> dict[int, tuple[str, str]]:
        """By number those that may not be stored by him: the field, and what is wrong. Raises StoreUnavailable."""
        known = await self._told(kind).get_many([one["_id"] for one in documents])
        theirs = {name for name, one in known.items() if not sees(actor, one)}
        found = {n: _THEIRS for n, one in enumerate(documents) if one["_id"] in theirs}
        return found if kind == "cost" else await self._unseen(documents, actor) | found

    async def _unseen(self, documents: Sequence[Document], actor: Actor) -> dict[int, tuple[str, str]]:
        whose = await self._clients.unseen_whose([one["whose"] for one in documents], actor)
        deals = await self._clients.unseen_deals([one["deal"] for one in documents if one["deal"]], actor)
        found = {}
        for number, one in enumerate(documents):
            if one["whose"] in whose:
                found[number] = ("whose", "there is no such client for you; give one whom you see")
            elif one["deal"] in deals:
                found[number] = ("deal", f"there is no deal {one['deal']} for you; give one that you see")
        return found

    async def standing(self, kind: Kind, documents: Sequence[Document]) -> list[Standing]:
        """What storing each of them would be."""
        known = await self._told(kind).get_many([one["_id"] for one in documents])
        return [_standing(one, known.get(one["_id"])) for one in documents]

    def _told(self, kind: Kind) -> Told:
        return self._repository.costs if kind == "cost" else self._repository.payments

    async def set_rate(self, given: NewRate, *, actor: Actor) -> Document:
        """Of a currency from a day on; the same day has one."""
        made = derive("rate", given.currency, given.day.isoformat())
        fields = given.model_dump(mode="json")
        document = {
            "_id": made,
            "at": iso(self._clock.now()),
            "removed": False,
            **fields,
            **belongs(actor.login, None),
        }
        return (await self._put(self._repository.rates, [document]))[0]

    async def remove_cost(self, given: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        await seen(self._repository.plain_costs, given, actor, "cost")
        await self._amend(self._repository.costs, given, lambda now: {**now, "removed": True})

    async def remove_payment(self, given: str, *, actor: Actor) -> None:
        """Raises NotFound."""
        await seen(self._repository.plain_payments, given, actor, "payment")
        await self._amend(self._repository.payments, given, lambda now: {**now, "removed": True})

    def _base(self, kind: str, external: str, key: str | None, number: int, actor: Actor) -> Document:
        named = derive(kind, "external", external) if external else None
        made = named or (derive(kind, actor.login, key, str(number)) if key else fresh(kind))
        return {"_id": made, "at": iso(self._clock.now()), "removed": False, **belongs(actor.login, None)}

    def _whose(self, given: str, field: str) -> str:
        if given.startswith("cl_"):
            return given
        try:
            return self._consents.normalised(given)
        except InvalidInput as exc:
            words = str(exc).removeprefix("address: ")
            raise InvalidInput(f"{field}: {words}", fields={field: words}) from exc

    async def put(self, kind: Kind, documents: Sequence[Document]) -> list[Document]:
        """New ones are inserted, those that are there become what is given; what is the same stays."""
        return await self._put(self._told(kind), documents)

    async def _put(self, told: Told, documents: Sequence[Document]) -> list[Document]:
        stored, new = await told.insert_many(documents)
        fresh_ones = {one["_id"]: one for one in documents}
        changes = {name: _as_given(given) for name, given in fresh_ones.items() if name not in new}
        stored |= await told.amend_many(changes) if changes else {}
        await told.tell(*stored.values())
        return [stored[one["_id"]] for one in documents]

    async def _amend(self, told: Told, given: str, change: Callable[[Document], Document]) -> None:
        if (after := await told.amend(given, change)) is not None:
            await told.tell(after)


def _standing(given: Document, known: Document | None) -> Standing:
    if known is None:
        return "add"
    return "same" if _as_given(given)(known) is None else "change"


def _as_given(given: Document) -> Callable[[Document], Document | None]:
    fields = {name: value for name, value in given.items() if name not in ("_id", "at", "owner", "team", "seen_by")}

    def change(now: Document) -> Document | None:
        same = all(now.get(name) == value for name, value in fields.items())
        return None if same else {**now, **fields}

    return change
