"""The HTTP door of dead letters."""

from typing import Annotated

from fastapi import Query

from hub.api.forms import After, Id, Limit
from hub.api.problems import CONFLICT, NOT_FOUND
from hub.api.rights import Right
from services.gateway.deadletters.views import (
    BulkReplay,
    Discard,
    LetterDetail,
    LetterList,
    LetterView,
    Replayed,
    State,
)
from services.gateway.guard import Me, needs, router
from services.gateway.parts import Hub

routes = router("dead letters")


@routes.get("/dead-letters", operation_id="listDeadLetters", dependencies=[needs(Right.READ_DEAD_LETTERS)])
async def list_dead_letters(
    hub: Hub,
    topic: str | None = None,
    state: Annotated[State | None, Query(description="Those still to be dealt with are `open`")] = None,
    limit: Limit = 50,
    after: After = None,
) -> LetterList:
    """What could not be handled, newest first."""
    page = await hub.letters.page(topic=topic, state=state, limit=limit, after=after)
    return LetterList(items=[LetterView.of(letter) for letter in page.items], next=page.next)


@routes.post(
    "/dead-letters/replay",
    operation_id="replayDeadLetters",
    responses=NOT_FOUND,
    dependencies=[needs(Right.MANAGE_DEAD_LETTERS)],
)
async def replay_dead_letters(form: BulkReplay, me: Me, hub: Hub) -> Replayed:
    """Publish many again, oldest first: the named ones, or the open ones of a topic (1,000 at a time)."""
    if form.ids is not None:
        return Replayed(replayed=await hub.letters.replay_all(form.ids, login=me.login))
    return Replayed(replayed=await hub.letters.replay_topic(form.topic or "", login=me.login))


@routes.get(
    "/dead-letters/{id}",
    operation_id="showDeadLetter",
    responses=NOT_FOUND,
    dependencies=[needs(Right.READ_DEAD_LETTERS)],
)
async def show_dead_letter(letter_id: Id, hub: Hub) -> LetterDetail:
    """One dead letter with its bytes."""
    letter = await hub.letters.get(letter_id)
    return LetterDetail.with_bytes(letter, await hub.letters.raw(letter))


@routes.post(
    "/dead-letters/{id}/replay",
    operation_id="replayDeadLetter",
    responses={**NOT_FOUND, **CONFLICT},
    dependencies=[needs(Right.MANAGE_DEAD_LETTERS)],
)
async def replay_dead_letter(letter_id: Id, me: Me, hub: Hub) -> LetterView:
    """Publish it again, after a fix, for the group that failed. Should that fail, it is open with an attempt more."""
    return LetterView.of(await hub.letters.replay(letter_id, login=me.login))


@routes.post(
    "/dead-letters/{id}/discard",
    operation_id="discardDeadLetter",
    responses=NOT_FOUND,
    dependencies=[needs(Right.MANAGE_DEAD_LETTERS)],
)
async def discard_dead_letter(letter_id: Id, form: Discard, me: Me, hub: Hub) -> LetterView:
    """Give it up, with the reason; it stays listed and can still be replayed."""
    return LetterView.of(await hub.letters.discard(letter_id, login=me.login, reason=form.reason))
