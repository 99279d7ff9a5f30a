"""Handing over the work of an employee over HTTP."""

from hub.api.actor import Acting, Key
from hub.api.public import Public
from hub.api.rights import Right
from hub.jobs.models import JobView
from services.interactions.handovers.forms import HandoverForm
from services.interactions.handovers.service import Handovers


def add(routes: Public, handovers: Handovers) -> None:
    @routes.post("/handovers", right=Right.WRITE_TASKS, noun="handover", status=202)
    async def hand_over_work(form: HandoverForm, actor: Acting, key: Key = None) -> JobView:
        """Hand over all open chains and tasks, and the clients, of an employee: before a vacation, or when he leaves.

        A job with a result for each. With `until` it goes back by itself; `POST /jobs/{id}/revert` does it before.
        What is another's since, or over, stays as it is. What was stays with the client.
        """
        return await handovers.begin(form, actor=actor, key=key)
