"""Views of the inbox that employees saved: everybody's, a team's, or somebody's own."""

from hub.kit.clock import Clock
from hub.store.base import CollectionSpec, Store
from services.interactions.whose import Keeping

SAVED_VIEWS = CollectionSpec("saved_views")
MOST = 500


class SavedViews(Keeping):
    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock, SAVED_VIEWS, prefix="sv", word="saved views", most=MOST)
