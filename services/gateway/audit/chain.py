"""The chain of the audit, on the one that every chain is: `hub.store.chain`."""

from hub.store import chain
from hub.store.base import CollectionSpec, Index, Store
from hub.store.chain import FIRST, Verdict, hash_of

__all__ = ["AUDIT", "FIRST", "HEADS", "Chain", "Verdict", "hash_of", "verify"]
AUDIT = CollectionSpec(
    "audit",
    (
        Index("at"),
        Index("login", "at"),
        Index("target", "at"),
        Index("action", "at"),
        Index("open", "at", sparse=True),
        chain.SEQ,
    ),
)
HEADS = CollectionSpec("audit_head")
_AT_ONCE = 20
"""The head holds so many rows, of at most 30 kB each."""


class Chain(chain.Chain):
    """Rows join it for good."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.collection(AUDIT), store.collection(HEADS), at_once=_AT_ONCE, name="audit")


async def verify(store: Store, *, noted: str = "") -> Verdict:
    """As `hub.store.chain.verify`."""
    return await chain.verify(store.collection(AUDIT), store.collection(HEADS), noted=noted)
