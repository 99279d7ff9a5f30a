"""Contacts written down by hand, and notes, over HTTP."""

from hub.api.actor import Acting, Key
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import InteractionView
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from services.interactions.byhand.forms import ByHandForm, FactForm, Note, PlanForm
from services.interactions.byhand.service import ByHand
from services.interactions.models import interaction_view


def add(routes: Public, by_hand: ByHand) -> None:
    @routes.post(
        "/interactions", right=Right.WRITE_MESSAGES, noun="interaction", status=201, refuses=[Conflict, NotFound]
    )
    async def add_interaction(form: ByHandForm, actor: Acting, key: Key = None) -> InteractionView:
        """Write down a call, a meeting, a letter that was, or plan one that shall be; nothing is sent.

        It opens a chain of its own unless it names a chain, or the interaction that it follows from.
        """
        return _shown(await by_hand.add(form, actor=actor, key=key))

    @routes.put(
        "/interactions/{id}/plan",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="change",
        refuses=[Conflict],
    )
    async def plan_interaction(interaction_id: Id, form: PlanForm, actor: Acting) -> InteractionView:
        """Move a planned contact; its reminders move with it."""
        return _shown(await by_hand.plan(interaction_id, form, actor=actor))

    @routes.put(
        "/interactions/{id}/fact",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="change",
        refuses=[Conflict],
    )
    async def report_interaction(interaction_id: Id, form: FactForm, actor: Acting) -> InteractionView:
        """Say whether a contact took place, how long it was, and with what result."""
        return _shown(await by_hand.fact(interaction_id, form, actor=actor))

    @routes.post("/chains/{id}/notes", right=Right.WRITE_MESSAGES, noun="chain", action="note", status=201)
    async def add_note(chain_id: Id, note: Note, actor: Acting, key: Key = None) -> InteractionView:
        """Words to colleagues; they never leave to the client. Whom it mentions is told, and sees the chain."""
        return _shown(await by_hand.note(chain_id, note, actor=actor, key=key))


def _shown(document: Document) -> InteractionView:
    return InteractionView.model_validate(interaction_view(document))
