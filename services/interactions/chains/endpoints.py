"""Merging, parting, splitting and moving over HTTP."""

from hub.api.actor import Acting, Actor
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import ChainView, InteractionView
from hub.kit.errors import Conflict
from services.interactions.chains.forms import Merge, MoveTo, SplitOut
from services.interactions.chains.merges import Merges
from services.interactions.chains.moves import Moves
from services.interactions.models import chain_view, interaction_view
from services.interactions.seen import Seen


def add(routes: Public, merges: Merges, moves: Moves, seen: Seen) -> None:
    _add_merges(routes, merges, moves, seen)
    _add_moves(routes, moves, seen)


def _add_merges(routes: Public, merges: Merges, moves: Moves, seen: Seen) -> None:
    @routes.post("/chains/{id}/merge", right=Right.WRITE_MESSAGES, noun="chain", action="change", refuses=[Conflict])
    async def merge_chain(chain_id: Id, form: Merge, actor: Acting) -> ChainView:
        """Make one chain of two: this one is read with the other from now on, and so is whatever comes to it.

        `POST …/part` makes them two again, with all that came meanwhile where it would be.
        """
        await seen.whole_chain(actor, chain_id)
        await seen.whole_chain(actor, form.into)
        return ChainView.model_validate(chain_view(await merges.merge(chain_id, form.into, actor=actor)))

    @routes.post("/chains/{id}/part", right=Right.WRITE_MESSAGES, noun="chain", action="change", refuses=[Conflict])
    async def part_chain(chain_id: Id, actor: Acting) -> ChainView:
        """Take a merged chain out of the one that it was merged into, with all that came to it meanwhile."""
        await seen.whole_chain(actor, chain_id)
        return ChainView.model_validate(chain_view(await merges.part(chain_id, actor=actor)))

    @routes.post("/chains/{id}/split", right=Right.WRITE_MESSAGES, noun="chain", action="change", refuses=[Conflict])
    async def split_chain(chain_id: Id, form: SplitOut, actor: Acting) -> ChainView:
        """Take interactions out into a chain that continues this one. `POST /interactions/{id}/return` undoes it."""
        await seen.whole_chain(actor, chain_id)
        return ChainView.model_validate(chain_view(await moves.split(chain_id, form.ids, actor=actor)))


def _add_moves(routes: Public, moves: Moves, seen: Seen) -> None:
    @routes.post(
        "/interactions/{id}/move",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def move_interaction(interaction_id: Id, form: MoveTo, actor: Acting) -> InteractionView:
        """Put an interaction into another chain, or give it to another client; what answers it follows."""
        await seen.whole_interaction(actor, interaction_id)
        if form.chain_id:
            await seen.whole_chain(actor, form.chain_id)
            moved = await moves.to_chain(interaction_id, form.chain_id, actor=actor)
        else:
            client = await seen.client(actor, form.client_id or "")
            moved = await moves.to_client(interaction_id, client["_id"], actor=actor)
        return InteractionView.model_validate(interaction_view(moved))

    @routes.post(
        "/interactions/{id}/return",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def return_interaction(interaction_id: Id, actor: Acting) -> InteractionView:
        """Put a moved interaction back where it was before."""
        document = await seen.whole_interaction(actor, interaction_id)
        await _check_place(seen, actor, document.get("moves") or [])
        return InteractionView.model_validate(interaction_view(await moves.back(interaction_id, actor=actor)))


async def _check_place(seen: Seen, actor: Actor, places: list[dict[str, str]]) -> None:
    """He sees where it goes back to."""
    if places:
        await seen.whole_chain(actor, places[-1]["chain_id"])
