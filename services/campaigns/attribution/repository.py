"""Every query about costs, payments, rates and statements."""

from hub.contracts.base import Event
from hub.contracts.lead import CostChanged, PaymentChanged, RateChanged
from hub.kit.blobs import Blobs
from hub.store.base import CollectionSpec, Document, Index, Store
from hub.store.told import OWES, Fact, Told

COSTS = CollectionSpec("costs", (Index("removed", "at"), OWES))
PAYMENTS = CollectionSpec("payments", (Index("removed", "at"), OWES))
RATES = CollectionSpec("rates", (Index("removed", "at"), OWES))
STATEMENTS = CollectionSpec("statements", (Index("removed", "at"),))
_SOURCE = "omnihub/campaigns"


class MoneyRepository:
    """What was spent and what was earned; the tables of attribution are folded from what is told of it."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.plain_costs, self.plain_payments = store.collection(COSTS), store.collection(PAYMENTS)
        self.plain_rates, self.statements = store.collection(RATES), store.collection(STATEMENTS)
        self.costs = Told(self.plain_costs, facts=Every(CostChanged), state=_cost, source=_SOURCE)
        self.payments = Told(self.plain_payments, facts=Every(PaymentChanged), state=_payment, source=_SOURCE)
        self.rates = Told(self.plain_rates, facts=Every(RateChanged), state=_rate, source=_SOURCE)
        self.blobs = blobs

    @property
    def told(self) -> tuple[Told, Told, Told]:
        return self.costs, self.payments, self.rates


class Every:
    """Every change is told."""

    def __init__(self, kind: type[Event]) -> None:
        self._kind = kind

    def __call__(self, before: Document | None, after: Document) -> tuple[Fact, ...]:
        del before, after
        return (self._kind,)


def _cost(kind: type[Event], document: Document) -> Event:
    del kind
    names = ("source", "kind", "since", "until", "amount", "removed")
    return CostChanged(id=document["_id"], revision=document["_v"], **{name: document[name] for name in names})


def _payment(kind: type[Event], document: Document) -> Event:
    del kind
    fields = {name: document[name] for name in ("whose", "amount", "deal", "reference", "removed")}
    return PaymentChanged(id=document["_id"], revision=document["_v"], at=document["paid_at"], **fields)


def _rate(kind: type[Event], document: Document) -> Event:
    del kind
    return RateChanged(revision=document["_v"], **{name: document[name] for name in ("currency", "day", "rate")})
