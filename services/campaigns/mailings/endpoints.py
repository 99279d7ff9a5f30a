"""The HTTP door of mailings."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.jobs.service import Jobs
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.mailings.audience import words_of
from services.campaigns.mailings.counting import Counted
from services.campaigns.mailings.looking import Looking
from services.campaigns.mailings.models import MailingForm, MailingState, RowState, Winner
from services.campaigns.mailings.service import Mailings


class MessageView(View):
    channel: str
    account: str
    from_name: str
    templates: list[str] = Field(description="The variants, each with its version: tpl_7f2k/3")


class MailingView(View):
    """A mailing."""

    id: str
    name: str
    topic: str
    state: MailingState
    reason: str = Field(description="Why it is held or failed, or what it waits for while it runs")
    messages: list[MessageView]
    audience: int | None = Field(description="How many it was frozen with; null before")
    send_at: str | None
    send_at_local: str | None
    winner: int | None = Field(description="The variant that the rest gets")
    confidence: float | None = Field(description="How sure it is that it is the better one: 0.5 is a coin")
    launched_at: str | None
    launched_by: str | None
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "MailingView":
        blank = dict.fromkeys(
            ("audience", "send_at", "send_at_local", "winner", "confidence", "launched_at", "launched_by")
        )
        messages = [
            {**one, "templates": [f"{template}/{version}" for template, version in one["said"]]}
            for one in stored["messages"]
        ]
        return cls.model_validate({**blank, **stored, "id": stored["_id"], "messages": messages})


class MailingList(View):
    items: list[MailingView]
    next: str | None


class ExcludedView(View):
    reason: str = Field(examples=["lacks:first_name"])
    words: str
    count: int


class LeftOutView(View):
    client_id: str
    name: MaskedWords
    words: str


class CountedView(View):
    """What a launch would come to now."""

    audience: int = Field(examples=[1204])
    recipients: int = Field(examples=[1187])
    excluded: list[ExcludedView]
    warnings: list[str] = Field(examples=[["17 of 1,204 lack first_name"]])
    examples: list[LeftOutView]

    @classmethod
    def of(cls, counted: Counted) -> "CountedView":
        excluded = [
            ExcludedView(reason=reason, words=words_of(reason), count=count)
            for reason, count in counted.excluded.items()
        ]
        examples = [LeftOutView(client_id=one, name=name, words=words) for one, name, words in counted.examples]
        return cls(
            audience=counted.audience,
            recipients=counted.recipients,
            excluded=excluded,
            warnings=counted.warnings,
            examples=examples,
        )


class StatisticsView(View):
    """Queued, sent, suppressed, failed and unknown are the audience together, always."""

    audience: int
    queued: int
    sent: int = Field(description="A provider took it")
    suppressed: int
    failed: int
    unknown: int = Field(description="It may have been taken; it is never sent again by itself")
    delivered: int
    opened: int
    clicked: int
    replied: int
    bounced: int
    unsubscribed: int
    complained: int
    variants: dict[str, dict[str, int]] | None = Field(default=None, description="By variant and state")


class AnswerView(View):
    kind: str
    at: str
    words: MaskedWords


class RecipientView(View):
    """A recipient's row in the ledger."""

    id: str
    mailing: str
    number: int
    client_id: str | None
    name: MaskedWords
    address: MaskedAddress
    state: RowState
    reason: MaskedWords | None
    variant: int | None
    attempt: int
    due: str
    sent_at: str | None
    answers: list[AnswerView]

    @classmethod
    def of(cls, row: Document) -> "RecipientView":
        blank: dict[str, Any] = {"client_id": None, "variant": None, "attempt": 0, "sent_at": None, "answers": []}
        reason = words_of(row["reason"]) if row["state"] == "suppressed" and row["reason"] else row["reason"]
        return cls.model_validate({**blank, **row, "id": row["_id"], "reason": reason})


class RecipientList(View):
    items: list[RecipientView]
    next: str | None


class WhyView(View):
    """What decided, in its order."""

    lines: list[MaskedWords]


class RetriedView(View):
    count: int


class RecipientQuery(Paging):
    state: RowState | None = Field(default=None, examples=["failed"])


def public(mailings: Mailings, looking: Looking, jobs: Jobs) -> Public:
    """The operations."""
    routes = Public("mailings")
    _add_keeping(routes, mailings)
    _add_launching(routes, mailings, jobs)
    _add_steering(routes, mailings)
    _add_looking(routes, mailings, looking)
    return routes


def _add_keeping(routes: Public, mailings: Mailings) -> None:
    @routes.get("/mailings", right=Right.READ_CAMPAIGNS, noun="mailing", answer=MailingList)
    async def list_mailings(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Mailings, the newest first."""
        return await listed(
            lambda limit: mailings.page(actor, limit=limit, after=query.after),
            each(MailingView.of),
            limit=query.limit,
        )

    @routes.post("/mailings", right=Right.MANAGE_CAMPAIGNS, noun="mailing", status=201, refuses=[Conflict])
    async def add_mailing(given: MailingForm, actor: Acting, key: Key = None) -> MailingView:
        """Write a mailing. It is a draft until it is launched."""
        return MailingView.of(await mailings.add(given, actor=actor, key=key))

    @routes.get("/mailings/{id}", right=Right.READ_CAMPAIGNS, noun="mailing")
    async def show_mailing(mailing_id: Id, actor: Acting) -> MailingView:
        """A mailing."""
        return MailingView.of(await mailings.get(mailing_id, actor))

    @routes.put("/mailings/{id}", right=Right.MANAGE_CAMPAIGNS, noun="mailing", refuses=[Conflict])
    async def change_mailing(mailing_id: Id, given: MailingForm, actor: Acting) -> MailingView:
        """Write a draft anew, with the newest versions of its templates."""
        return MailingView.of(await mailings.change(mailing_id, given, actor=actor))


def _add_launching(routes: Public, mailings: Mailings, jobs: Jobs) -> None:
    @routes.get(
        "/mailings/{id}/count", right=Right.MANAGE_CAMPAIGNS, noun="client", action="read", refuses=[Conflict]
    )
    async def count_mailing(mailing_id: Id, actor: Acting) -> CountedView:
        """How many of the clients that you see would get it now, and why the others would not."""
        return CountedView.of(await mailings.count(mailing_id, actor))

    @routes.post(
        "/mailings/{id}/launch",
        right=Right.MANAGE_CAMPAIGNS,
        noun="client",
        action="read",
        status=202,
        refuses=[Conflict],
    )
    async def launch_mailing(mailing_id: Id, actor: Acting) -> MailingView:
        """Freeze its audience, of the clients that you see, and let it run at its time. A job does it."""
        mailing = await mailings.launch(mailing_id, actor=actor)
        if mailing["state"] == "freezing":
            await jobs.begin("launch", {"mailing": mailing_id}, by=actor.login, key=mailing_id)
        return MailingView.of(mailing)


def _add_steering(routes: Public, mailings: Mailings) -> None:
    @routes.post(
        "/mailings/{id}/pause", right=Right.MANAGE_CAMPAIGNS, noun="mailing", action="pause", refuses=[Conflict]
    )
    async def pause_mailing(mailing_id: Id, actor: Acting) -> MailingView:
        """What has not left waits."""
        return MailingView.of(await mailings.pause(mailing_id, actor=actor))

    @routes.post(
        "/mailings/{id}/resume", right=Right.MANAGE_CAMPAIGNS, noun="mailing", action="resume", refuses=[Conflict]
    )
    async def resume_mailing(mailing_id: Id, actor: Acting) -> MailingView:
        """Go on with exactly those that are left; also the confirmation of one that is held."""
        return MailingView.of(await mailings.resume(mailing_id, actor=actor))

    @routes.post(
        "/mailings/{id}/cancel", right=Right.MANAGE_CAMPAIGNS, noun="mailing", action="cancel", refuses=[Conflict]
    )
    async def cancel_mailing(mailing_id: Id, actor: Acting) -> MailingView:
        """What has not left never will."""
        return MailingView.of(await mailings.cancel(mailing_id, actor=actor))

    @routes.post(
        "/mailings/{id}/retry", right=Right.MANAGE_CAMPAIGNS, noun="mailing", action="retry", refuses=[Conflict]
    )
    async def retry_mailing(mailing_id: Id, actor: Acting) -> RetriedView:
        """Try those that failed once more, and nobody else."""
        return RetriedView(count=await mailings.retry(mailing_id, actor=actor))

    @routes.post(
        "/mailings/{id}/winner", right=Right.MANAGE_CAMPAIGNS, noun="mailing", action="choose", refuses=[Conflict]
    )
    async def choose_winner(mailing_id: Id, given: Winner, actor: Acting) -> MailingView:
        """Say which variant the rest of the audience gets, before its time."""
        return MailingView.of(await mailings.choose(mailing_id, given.variant, actor=actor))


def _add_looking(routes: Public, mailings: Mailings, looking: Looking) -> None:
    @routes.get("/mailings/{id}/statistics", right=Right.READ_CAMPAIGNS, noun="mailing")
    async def show_statistics(mailing_id: Id, actor: Acting) -> StatisticsView:
        """What came of it so far. Seeds and machines are counted nowhere."""
        mailing = await mailings.get(mailing_id, actor)
        found = await looking.statistics(mailing)
        variants = found.get("variants")
        shown = {str(variant): states for variant, states in variants.items()} if variants else None
        return StatisticsView.model_validate({**found, "variants": shown})

    @routes.get(
        "/mailings/{id}/recipients", right=Right.READ_CAMPAIGNS, noun="client", action="read", answer=RecipientList
    )
    async def list_recipients(mailing_id: Id, query: Annotated[RecipientQuery, Query()], actor: Acting) -> Response:
        """Its recipients, of the clients that you see; by state, if one is named."""
        return await listed(
            lambda limit: looking.rows(mailing_id, query.state, actor, limit=limit, after=query.after),
            each(RecipientView.of),
            limit=query.limit,
        )

    @routes.get("/mailings/{id}/why/{client}", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def explain_mailing(mailing_id: Id, client: str, actor: Acting) -> WhyView:
        """Why a client got it, or did not."""
        return WhyView(lines=await looking.why(mailing_id, client, actor))

    @routes.get("/clients/{id}/mailings", right=Right.READ_CAMPAIGNS, noun="client", answer=RecipientList)
    async def list_mailings_of_client(client_id: Id, query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """What mailings sent to a client, the newest first."""
        return await listed(
            lambda limit: looking.of_client(client_id, actor, limit=limit, after=query.after),
            each(RecipientView.of),
            limit=query.limit,
        )
