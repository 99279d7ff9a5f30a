"""Every query about plans of campaigns, which are told whenever they change."""

from hub.contracts.base import Event
from hub.contracts.lead import PlanChanged
from hub.store.base import CollectionSpec, Document, Index, Store
from hub.store.told import OWES, Fact, Told

PLANS = CollectionSpec("campaign_plans", (Index("removed", "at"), OWES))
FIELDS = ("name", "source", "since", "until", "note", "responsible", "people", "budget", "goals", "parts", "team")
"""What a plan says, and its history tells of."""


class PlanRepository:
    """All of them."""

    def __init__(self, store: Store) -> None:
        self.plain = store.collection(PLANS)
        self.plans = Told(self.plain, facts=_facts, state=_state, source="omnihub/campaigns")


def _facts(before: Document | None, after: Document) -> tuple[Fact, ...]:
    del before, after
    return (PlanChanged,)


def _state(kind: type[Event], document: Document) -> Event:
    del kind
    fields = {name: document[name] for name in (*FIELDS, "removed")}
    return PlanChanged(id=document["_id"], revision=document["_v"], by=document["by"], **fields)
