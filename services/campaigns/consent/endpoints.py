"""The HTTP door of consent for employees."""

from typing import Annotated, Protocol

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.address import ConsentRecorded
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from services.campaigns.consent.invitations import Invitations
from services.campaigns.consent.models import Invitation, NewTopic, TopicForm, Word
from services.campaigns.consent.service import Consents


class TopicView(View):
    """Something that people may say yes or no to."""

    id: str
    title: dict[str, str]
    requires: str
    basis: str
    text_version: str
    owner: str | None
    team: str | None

    @classmethod
    def of(cls, stored: Document) -> "TopicView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class TopicList(View):
    items: list[TopicView]


class WordView(View):
    """What was said of an address; each has its place in the chain."""

    id: str
    address: MaskedAddress
    channel: str
    topic: str
    state: str = Field(examples=["withdrawn"])
    at: str
    source: str = Field(examples=["one_click"])
    words: MaskedWords
    text_version: str = Field(description="Of the words that he agreed to")
    evidence: str = Field(description="The message, the recipient's row or the employee that says so")
    place: str = Field(description="Topic, partition and offset of the event on the bus")
    number: int = Field(description="In the chain")
    hash: str

    @classmethod
    def of(cls, stored: Document) -> "WordView":
        return cls.model_validate({**stored, "id": stored["_id"], "number": stored["seq"]})


class WordList(View):
    items: list[WordView]
    next: str | None


class ConsentSaidView(View):
    """It counts from now on."""

    address: MaskedAddress
    channel: str
    topic: str
    state: str
    at: str

    @classmethod
    def of(cls, said: ConsentRecorded) -> "ConsentSaidView":
        return cls.model_validate({**said.model_dump(mode="json")})


class InvitationView(View):
    id: str
    address: MaskedAddress
    topic: str
    at: str


class AddressQuery(Paging):
    """Whose words are asked for."""

    address: str = Field(min_length=3, max_length=400, examples=["email:anna@example.com"])


class Whose(Protocol):
    """Whose an address is."""

    async def sees(self, address: str, actor: Actor) -> bool: ...


def public(consents: Consents, invitations: Invitations, whose: Whose) -> Public:
    """The operations."""
    routes = Public("consent")
    _add_topics(routes, consents)
    _add_words(routes, consents, whose)

    @routes.post(
        "/consents/invitations",
        right=Right.MANAGE_CAMPAIGNS,
        noun="consent",
        action="invite",
        status=202,
        refuses=[Conflict, NotFound],
    )
    async def invite_to_consent(given: Invitation, actor: Acting, key: Key = None) -> InvitationView:
        """Ask somebody by mail whether he means it; his yes counts once he confirms it."""
        made = await invitations.ask(given, by=actor.login, key=key)
        return InvitationView.model_validate({**made, "id": made["_id"]})

    return routes


def _add_topics(routes: Public, consents: Consents) -> None:
    @routes.get("/topics", right=Right.READ_CAMPAIGNS, noun="topic")
    async def list_topics(actor: Acting) -> TopicList:
        """What people are written to about."""
        return TopicList(items=[TopicView.of(one) for one in await consents.topics(actor)])

    @routes.post("/topics", right=Right.MANAGE_CAMPAIGNS, noun="topic", status=201, refuses=[Conflict])
    async def add_topic(given: NewTopic, actor: Acting) -> TopicView:
        """Add a topic."""
        return TopicView.of(await consents.add_topic(given, actor=actor))

    @routes.put("/topics/{id}", right=Right.MANAGE_CAMPAIGNS, noun="topic", refuses=[Conflict])
    async def change_topic(topic_id: Id, given: TopicForm, actor: Acting) -> TopicView:
        """Change a topic."""
        return TopicView.of(await consents.change_topic(topic_id, given, actor=actor))

    @routes.delete("/topics/{id}", right=Right.MANAGE_CAMPAIGNS, noun="topic", status=204, refuses=[Conflict])
    async def remove_topic(topic_id: Id, actor: Acting) -> None:
        """Take a topic away; what people said of it stays."""
        await consents.remove_topic(topic_id, actor=actor)


def _add_words(routes: Public, consents: Consents, whose: Whose) -> None:
    async def check(address: str, actor: Actor) -> None:
        """Raises NotFound for whom the actor does not see."""
        if not await whose.sees(consents.named(address), actor):
            raise NotFound("there is no such address among those that you see")

    @routes.get(
        "/consents", right=Right.READ_CAMPAIGNS, noun="client", action="read", answer=WordList, refuses=[NotFound]
    )
    async def list_consent_words(query: Annotated[AddressQuery, Query()], actor: Acting) -> Response:
        """What was said of an address, the newest first, with the evidence."""
        await check(query.address, actor)
        return await listed(
            lambda limit: consents.history(query.address, limit=limit, after=query.after),
            each(WordView.of),
            limit=query.limit,
        )

    @routes.post(
        "/consents", right=Right.WRITE_MESSAGES, noun="client", action="read", status=201, refuses=[NotFound]
    )
    async def add_consent_word(given: Word, actor: Acting) -> ConsentSaidView:
        """Note what somebody said to you of being written to. A no counts at once."""
        await check(given.address, actor)
        return ConsentSaidView.of(await consents.say(given, actor=actor))
