"""The HTTP door of policies of sources."""

from typing import Annotated

from fastapi import Path

from hub.api.actor import Acting
from hub.api.forms import View
from hub.api.public import Public
from hub.api.rights import Right
from hub.store.base import Document
from services.campaigns.policies.models import PolicyForm, Rule
from services.campaigns.policies.service import Policies

ChannelPath = Annotated[
    str,
    Path(
        alias="channel",
        pattern=r"^[a-z][a-z0-9_]{0,40}$",
        description="email, call, telegram, sms, form, meeting …; card: clients opened by hand without a contact",
    ),
]


class PolicyView(View):
    """What a channel needs to know of where new clients come from."""

    channel: str
    rule: Rule
    assignee: str
    task_team: str | None
    by: str
    at: str

    @classmethod
    def of(cls, stored: Document) -> "PolicyView":
        return cls.model_validate({**stored, "channel": stored["_id"]})


class PolicyList(View):
    items: list[PolicyView]


def public(policies: Policies) -> Public:
    """The operations."""
    routes = Public("sources")

    @routes.get("/source-policies", right=Right.READ_CAMPAIGNS, noun="source")
    async def list_source_policies() -> PolicyList:
        """Which channels need to know where a new client comes from; in others that is optional."""
        return PolicyList(items=[PolicyView.of(one) for one in await policies.all()])

    @routes.put("/source-policies/{channel}", right=Right.MANAGE_CAMPAIGNS, noun="source", action="change")
    async def set_source_policy(channel: ChannelPath, given: PolicyForm, actor: Acting) -> PolicyView:
        """Say whether a channel needs to know where new clients come from, and who asks where nothing shows it."""
        return PolicyView.of(await policies.put(channel, given, actor=actor))

    return routes
