"""Links of chains and of contacts over HTTP."""

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import ChainView, InteractionView
from services.interactions.models import chain_view, interaction_view
from services.interactions.subjects.forms import Kind, SubjectForm, SubjectId
from services.interactions.subjects.service import Subjects


def add(routes: Public, subjects: Subjects) -> None:
    _add_chains(routes, subjects)
    _add_interactions(routes, subjects)


def _add_chains(routes: Public, subjects: Subjects) -> None:
    @routes.post("/chains/{id}/subjects", right=Right.WRITE_MESSAGES, noun="chain", action="change")
    async def link_chain(chain_id: Id, form: SubjectForm, actor: Acting) -> ChainView:
        """Link a whole chain to a deal, a claim, a campaign, or something that another system has; up to 20.

        Whoever sees the chain sees what it is linked to, by its title.
        """
        after = await subjects.link("chains", chain_id, form, actor=actor)
        return ChainView.model_validate(chain_view(after))

    @routes.delete(
        "/chains/{id}/subjects/{kind}/{subject_id}", right=Right.WRITE_MESSAGES, noun="chain", action="change"
    )
    async def unlink_chain(chain_id: Id, kind: Kind, subject_id: SubjectId, actor: Acting) -> ChainView:
        """Take a link of a chain back; its history keeps it."""
        after = await subjects.unlink("chains", chain_id, kind, subject_id, actor=actor)
        return ChainView.model_validate(chain_view(after))


def _add_interactions(routes: Public, subjects: Subjects) -> None:
    @routes.post("/interactions/{id}/subjects", right=Right.WRITE_MESSAGES, noun="interaction", action="change")
    async def link_interaction(interaction_id: Id, form: SubjectForm, actor: Acting) -> InteractionView:
        """Link one contact to a deal, a claim, a campaign, or something that another system has; up to 20."""
        after = await subjects.link("interactions", interaction_id, form, actor=actor)
        return InteractionView.model_validate(interaction_view(after))

    @routes.delete(
        "/interactions/{id}/subjects/{kind}/{subject_id}",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="change",
    )
    async def unlink_interaction(
        interaction_id: Id, kind: Kind, subject_id: SubjectId, actor: Acting
    ) -> InteractionView:
        """Take a link of a contact back; its history keeps it."""
        after = await subjects.unlink("interactions", interaction_id, kind, subject_id, actor=actor)
        return InteractionView.model_validate(interaction_view(after))
