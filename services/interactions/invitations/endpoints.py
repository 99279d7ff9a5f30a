"""Invitations over HTTP."""

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import InteractionView
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.invitations.forms import InvitationForm, RsvpForm
from services.interactions.invitations.service import Invitations
from services.interactions.models import interaction_view


def add(routes: Public, invitations: Invitations) -> None:
    @routes.put(
        "/interactions/{id}/invitation",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="invite",
        refuses=[Conflict],
    )
    async def invite_to_interaction(interaction_id: Id, form: InvitationForm, actor: Acting) -> InteractionView:
        """Invite everybody of a planned contact who has a mail address and is not ours; their answers come into
        `invited`. From then on they are written to when its time changes, and when it is called off.
        """
        return _shown(await invitations.invite(interaction_id, form, actor=actor))

    @routes.delete(
        "/interactions/{id}/invitation",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="invite",
        refuses=[Conflict],
    )
    async def withdraw_invitation(interaction_id: Id, actor: Acting) -> InteractionView:
        """Tell those who were invited that it will not be; the contact itself stays as it is planned."""
        return _shown(await invitations.withdraw(interaction_id, actor=actor))

    @routes.put(
        "/interactions/{id}/rsvp",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="invite",
        refuses=[Conflict],
    )
    async def answer_invitation(interaction_id: Id, form: RsvpForm, actor: Acting) -> InteractionView:
        """Answer an invitation that came by mail (`invitation.method` is request). Accepted, it stands in your
        calendar; of a series all times that a rule describes. What is said of one of a series counts for that one.
        """
        return _shown(await invitations.answer(interaction_id, form, actor=actor))


def _shown(document: Document) -> InteractionView:
    return InteractionView.model_validate(interaction_view(document))
