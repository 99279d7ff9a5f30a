"""Saved views over HTTP, each with the number of its chains."""

from collections.abc import Awaitable, Callable

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.savedviews.forms import CountedView, SavedView, SavedViewForm, SavedViewList, Shows
from services.interactions.savedviews.service import SavedViews
from services.interactions.whose import whose

Count = Callable[[Actor, Shows], Awaitable[tuple[int, bool]]]
"""Of chains that he sees, and whether there are more."""


def add(routes: Public, views: SavedViews, count: Count) -> None:
    _add_changes(routes, views)

    @routes.get("/saved-views", right=Right.READ_CORRESPONDENCE, noun="saved_view")
    async def list_saved_views(actor: Acting) -> SavedViewList:
        """Everybody's, your teams' and your own, by title, each with how many chains it has."""
        return SavedViewList(items=[await counted(actor, one) for one in await views.seen(actor)])

    async def counted(actor: Actor, document: Document) -> CountedView:
        number, more = await count(actor, Shows.model_validate(document["shows"]))
        return CountedView.model_validate({**whose(document), "count": number, "more": more})


def _add_changes(routes: Public, views: SavedViews) -> None:
    @routes.post("/saved-views", right=Right.READ_CORRESPONDENCE, noun="saved_view", status=201, refuses=[Conflict])
    async def add_saved_view(form: SavedViewForm, actor: Acting, key: Key = None) -> SavedView:
        """A name for a list of chains; GET /api/v1/inbox and /chains take what it shows as their parameters."""
        return SavedView.model_validate(whose(await views.add(form, actor=actor, key=key)))

    @routes.put("/saved-views/{id}", right=Right.READ_CORRESPONDENCE, noun="saved_view", refuses=[Conflict])
    async def put_saved_view(view_id: Id, form: SavedViewForm, actor: Acting) -> SavedView:
        """Another name, other chains, or another owner."""
        return SavedView.model_validate(whose(await views.change(view_id, form, actor=actor)))

    @routes.delete("/saved-views/{id}", right=Right.READ_CORRESPONDENCE, noun="saved_view", status=204)
    async def remove_saved_view(view_id: Id, actor: Acting) -> None:
        """Remove a saved view; its chains stay."""
        await views.remove(view_id, actor=actor)
