"""Duplicates over HTTP: a scan, its pairs, and who is like a card that is about to be made."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Actor, Key
from hub.api.forms import Form, Id, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import ClientView, View
from hub.jobs.models import JobView
from hub.jobs.service import Jobs
from hub.store.base import Document, Page
from services.interactions.duplicates.levels import POSSIBLE
from services.interactions.duplicates.scan import Scan
from services.interactions.duplicates.service import Duplicates

Cards = Callable[[Actor, Sequence[Document]], Awaitable[list[ClientView]]]
"""Clients as somebody sees them."""
State = Literal["open", "dismissed"]
_TEXT = 500


class DuplicateView(View):
    """Two clients that may be one."""

    id: str = Field(examples=["dup_4k2m"])
    state: State
    score: float = Field(description="How probable it is that they are one, from 0 to 1")
    rules: tuple[str, ...] = Field(
        description="What agrees", examples=[["surname", "given_name: short form", "phone"]]
    )
    clients: tuple[ClientView, ...]
    found_at: str
    decided_by: str | None
    decided_at: str | None


class DuplicateList(View):
    items: list[DuplicateView]
    next: str | None


class SimilarView(View):
    client: ClientView
    score: float = Field(description="How probable it is that the card is his, from 0 to 1")
    rules: tuple[str, ...] = Field(description="What agrees", examples=[["phone"]])


class SimilarList(View):
    items: list[SimilarView]


class DuplicateQuery(Paging):
    """Parameters of the list of pairs."""

    state: State = "open"
    client_id: str | None = Field(default=None, max_length=100, description="Those in which he is")


class Decision(Form):
    """Whether a pair is to be looked at."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "dismissed"}]})
    state: State = Field(description="`dismissed`: not the same; scans do not ask again")


class ScanForm(Form):
    """What a scan shall find."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"at_least": 0.8}]})
    at_least: float = Field(
        default=POSSIBLE, ge=0.1, le=1, description="How probable it is at least that two are one"
    )


class Card(Form):
    """What is known of somebody whose card is about to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Иванова Анна Петровна", "phone": "+7 917 123-45-67"}]}
    )
    name: str = Field(default="", max_length=_TEXT, description="Of a person, whole; or use the three parts")
    given_name: str = Field(default="", max_length=_TEXT)
    patronymic: str = Field(default="", max_length=_TEXT)
    surname: str = Field(default="", max_length=_TEXT)
    organisation: str = Field(default="", max_length=_TEXT)
    birth_date: str = Field(default="", max_length=40, examples=["1985-03-12"])
    inn: str = Field(default="", max_length=40)
    kpp: str = Field(default="", max_length=40)
    ogrn: str = Field(default="", max_length=40)
    phone: str = Field(default="", max_length=_TEXT, description="Several are parted by `;`")
    mail: str = Field(default="", max_length=_TEXT, description="Several are parted by `;`")
    address: str = Field(default="", max_length=_TEXT, description="Where he lives, in one line")

    @property
    def row(self) -> dict[str, str]:
        return {name: text for name, text in self.model_dump().items() if text}


def add(routes: Public, duplicates: Duplicates, jobs: Jobs, cards: Cards) -> None:
    _add_pairs(routes, duplicates, cards)
    _add_finding(routes, duplicates, jobs, cards)


def _add_pairs(routes: Public, duplicates: Duplicates, cards: Cards) -> None:
    async def shown(actor: Actor, pairs: Sequence[Document]) -> list[DuplicateView]:
        clients = await duplicates.clients(pairs)
        views = {view.id: view for view in await cards(actor, list(clients.values()))}
        return [
            DuplicateView.model_validate(
                {**one, "id": one["_id"], "clients": [views[clients[each]["_id"]] for each in one["clients"]]}
            )
            for one in pairs
        ]

    @routes.get("/duplicates", right=Right.READ_CORRESPONDENCE, noun="duplicate", answer=DuplicateList)
    async def list_duplicates(query: Annotated[DuplicateQuery, Query()], actor: Acting) -> Response:
        """Pairs of clients that may be one, the surest first; those of which you see both."""

        async def find(limit: int) -> Page:
            return await duplicates.page(
                actor, state=query.state, client_id=query.client_id, limit=limit, after=query.after
            )

        async def show(pairs: Sequence[Document]) -> list[DuplicateView]:
            return await shown(actor, pairs)

        return await listed(find, show, limit=query.limit)

    @routes.get("/duplicates/{id}", right=Right.READ_CORRESPONDENCE, noun="duplicate")
    async def show_duplicate(pair_id: Id, actor: Acting) -> DuplicateView:
        """Two clients that may be one, and why."""
        return (await shown(actor, [await duplicates.get(actor, pair_id)]))[0]

    @routes.patch("/duplicates/{id}", right=Right.WRITE_MESSAGES, noun="duplicate")
    async def decide_duplicate(pair_id: Id, decision: Decision, actor: Acting) -> DuplicateView:
        """Say that two clients are not the same, or that they shall be looked at again."""
        dismissed = decision.state == "dismissed"
        return (await shown(actor, [await duplicates.decide(actor, pair_id, dismissed=dismissed)]))[0]


def _add_finding(routes: Public, duplicates: Duplicates, jobs: Jobs, cards: Cards) -> None:
    @routes.post("/duplicates/scans", right=Right.WRITE_MESSAGES, noun="duplicate", action="scan", status=202)
    async def scan_duplicates(form: ScanForm, actor: Acting, key: Key = None) -> JobView:
        """Look for duplicates among all clients, as a job. Everybody is shown the pairs of which he sees both."""
        return await jobs.begin(Scan.kind, form.model_dump(), by=actor.login, key=key)

    @routes.post("/clients/similar", right=Right.READ_CORRESPONDENCE, noun="client", action="read")
    async def find_similar_clients(card: Card, actor: Acting) -> SimilarList:
        """Who is like a card that is about to be made, with reasons; those whom you see."""
        found = await duplicates.similar(actor, card.row, limit=10)
        views = await cards(actor, [one.client for one in found])
        items = [
            SimilarView(client=view, score=round(one.score, 4), rules=tuple(one.rules))
            for one, view in zip(found, views, strict=True)
        ]
        return SimilarList(items=items)
