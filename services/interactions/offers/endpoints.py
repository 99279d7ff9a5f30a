"""Offers over HTTP: of chains, and of tasks."""

from collections.abc import Awaitable, Callable

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import How, Public
from hub.api.rights import Right
from hub.contracts.shown import ChainView
from hub.contracts.shown_tasks import TaskView
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.interactions.models import chain_view
from services.interactions.offers.forms import DeclineForm, OfferForm
from services.interactions.offers.service import Offers

_HOW: How = {"action": "change", "refuses": [Conflict]}
Shown = Callable[[Document], Awaitable[TaskView]]


def add_chains(routes: Public, offers: Offers) -> None:
    @routes.post("/chains/{id}/offer", right=Right.WRITE_MESSAGES, noun="chain", **_HOW)
    async def offer_chain(chain_id: Id, form: OfferForm, actor: Acting) -> ChainView:
        """Offer a chain to a colleague, with a comment: both see it, and it is his once he accepts."""
        return _chain(await offers.offer(chain_id, form, actor=actor))

    @routes.delete("/chains/{id}/offer", right=Right.WRITE_MESSAGES, noun="chain", **_HOW)
    async def withdraw_offer_of_chain(chain_id: Id, actor: Acting) -> ChainView:
        """Take the offer of a chain back."""
        return _chain(await offers.withdraw(chain_id, actor=actor))

    @routes.post("/chains/{id}/offer/accept", right=Right.WRITE_MESSAGES, noun="chain", **_HOW)
    async def accept_chain(chain_id: Id, actor: Acting) -> ChainView:
        """Take the chain that you were offered."""
        return _chain(await offers.accept(chain_id, actor=actor))

    @routes.post("/chains/{id}/offer/decline", right=Right.WRITE_MESSAGES, noun="chain", **_HOW)
    async def decline_chain(chain_id: Id, form: DeclineForm, actor: Acting) -> ChainView:
        """Leave the chain that you were offered, and say why."""
        return _chain(await offers.decline(chain_id, form, actor=actor))


def add_tasks(routes: Public, offers: Offers, shown: Shown) -> None:
    @routes.post("/tasks/{id}/offer", right=Right.WRITE_TASKS, noun="task", **_HOW)
    async def offer_task(task_id: Id, form: OfferForm, actor: Acting) -> TaskView:
        """Offer a task to a colleague, with a comment: both see it, and it is his once he accepts."""
        return await shown(await offers.offer(task_id, form, actor=actor))

    @routes.delete("/tasks/{id}/offer", right=Right.WRITE_TASKS, noun="task", **_HOW)
    async def withdraw_offer_of_task(task_id: Id, actor: Acting) -> TaskView:
        """Take the offer of a task back."""
        return await shown(await offers.withdraw(task_id, actor=actor))

    @routes.post("/tasks/{id}/offer/accept", right=Right.WRITE_TASKS, noun="task", **_HOW)
    async def accept_task(task_id: Id, actor: Acting) -> TaskView:
        """Take the task that you were offered."""
        return await shown(await offers.accept(task_id, actor=actor))

    @routes.post("/tasks/{id}/offer/decline", right=Right.WRITE_TASKS, noun="task", **_HOW)
    async def decline_task(task_id: Id, form: DeclineForm, actor: Acting) -> TaskView:
        """Leave the task that you were offered, and say why."""
        return await shown(await offers.decline(task_id, form, actor=actor))


def _chain(document: Document) -> ChainView:
    return ChainView.model_validate(chain_view(document))
