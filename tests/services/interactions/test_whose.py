"""What employees keep for everybody, for a team, or for themselves alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.api.actor import Actor
from hub.kit.clock import SystemClock
from hub.kit.errors import Conflict
from hub.store.sqlite import SqliteStore
from services.interactions import whose
from services.interactions.savedviews.forms import SavedViewForm, Shows
from services.interactions.savedviews.service import SavedViews

ANNA, BORIS = Actor(login="anna"), Actor(login="boris")


@pytest.fixture
async def views(tmp_path: Path) -> AsyncIterator[SavedViews]:
    store = SqliteStore(tmp_path / "interactions.sqlite")
    made = SavedViews(store, SystemClock())
    await store.start()
    yield made
    await store.stop()


async def test_what_somebody_keeps_for_himself_takes_no_room_from_others(
    views: SavedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_most", 2)
    monkeypatch.setattr(whose, "MOST_OWN", 2)
    own = SavedViewForm(title="Мои", own=True, shows=Shows(state="open"))
    for _ in range(2):
        await views.add(own, actor=ANNA, key=None)
    with pytest.raises(Conflict, match="there are 2 of saved views"):
        await views.add(own, actor=ANNA, key=None)
    await views.add(own, actor=BORIS, key=None)
    shared = own.model_copy(update={"own": False})
    for _ in range(2):
        await views.add(shared, actor=ANNA, key=None)
    with pytest.raises(Conflict, match="there are 2 of saved views"):
        await views.add(shared, actor=BORIS, key=None)
    (mine,) = [one for one in await views.seen(BORIS) if one["owner"]]
    with pytest.raises(Conflict, match="there are 2 of saved views"):
        await views.change(mine["_id"], shared, actor=BORIS)
