"""Interactions: read, planned ones changed, doubtful ones decided."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from fastapi import Query, Response
from pydantic import BaseModel, Field, model_validator

from hub.api.actor import Acting
from hub.api.forms import Form, Id, Moment, Paging
from hub.api.pages import listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.interaction import DeliveryState, Direction
from hub.contracts.scope import SHOWN, Shown
from hub.contracts.shown import InteractionView
from hub.kit.clock import iso
from hub.kit.errors import Conflict, Forbidden, NotFound
from hub.store.base import Document, In, Page
from services.interactions import pictures
from services.interactions.endpoints.shared import Doors, in_list, shown
from services.interactions.planned import Rewrite
from services.interactions.seen import sifted
from services.interactions.subjects.forms import Asked
from services.interactions.views import InteractionList


class InteractionQuery(Paging):
    """Parameters of the list of interactions."""

    client_id: str | None = None
    chain_id: str | None = None
    with_people: bool = Field(
        default=False, description="With `client_id` of an organisation: also of those who work for it"
    )
    channel: str | None = Field(default=None, examples=["email"])
    direction: Direction | None = None
    since: Moment | None = Field(default=None, examples=["2026-03-02T09:00:00Z"])
    planned: bool = Field(default=False, description="Those that wait for their time, the next one first")
    type: str | None = Field(default=None, max_length=40, examples=["email"])
    author: str | None = Field(default=None, max_length=63, description="Login of the employee who wrote it")
    delivery: DeliveryState | None = Field(default=None, description="What became of it", examples=["failed"])
    participant: str | None = Field(
        default=None,
        min_length=3,
        max_length=400,
        description="Address of one who takes part",
        examples=["anna@example.com"],
    )
    subject: Asked = None
    text: str | None = Field(
        default=None, min_length=2, max_length=200, description="A part of its subject or text, in any case"
    )

    @property
    def levels(self) -> tuple[Shown, ...]:
        """What one must be shown of a message for these questions not to tell more."""
        return SHOWN[:1] if self.text or self.subject else SHOWN[:2] if self.participant else SHOWN

    @model_validator(mode="after")
    def _one_way_to_find(self) -> Self:
        if self.subject and (self.planned or self.client_id or self.chain_id or self.since):
            raise ValueError("with subject leave planned, client_id, chain_id and since out")
        return self

    def fits(self, document: Document, participant: str | None) -> bool:
        """Beside what the store finds by; `participant` is normalised."""
        words = f"{document['subject']}\n{document['text']}".casefold()
        state = (document.get("delivery") or {}).get("state")
        return (
            self.type in (None, document["type"])
            and (self.subject is None or self._of_channel(document))
            and self.author in (None, document.get("author"))
            and self.delivery in (None, state)
            and (participant is None or any(p["address"] == participant for p in document["participants"]))
            and (self.text is None or self.text.casefold() in words)
        )

    def _of_channel(self, document: Document) -> bool:
        return self.channel in (None, document["channel"]) and self.direction in (None, document["direction"])

    @property
    def where(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("client_id", "chain_id", "channel", "direction")}


class PageQuery(Form):
    """Parameters of the HTML of a message."""

    images: bool = Field(
        default=False, description="Also those from elsewhere: the sender may learn that it was read, and from where"
    )


def add(routes: Public, doors: Doors) -> None:
    _add_reading(routes, doors)
    _add_pages(routes, doors)
    _add_planned(routes, doors)
    _add_splits(routes, doors)


def _add_reading(routes: Public, doors: Doors) -> None:
    repository, seen = doors.repository, doors.seen

    @routes.get("/interactions", right=Right.READ_CORRESPONDENCE, noun="interaction", answer=InteractionList)
    async def list_interactions(query: Annotated[InteractionQuery, Query()], actor: Acting) -> Response:
        """Interactions, newest first; `since` as 2026-03-02T09:00:00Z. Of a long text the first 2,000 characters.

        By `type`, `author`, `delivery`, `participant` and `text` those are sifted that the rest finds, 2,000 for a
        page at most: a page may have few items, or none, although `next` says that there are more.
        """
        if query.participant and actor.hides:
            raise Forbidden(fields={"participant": "addresses are hidden from your role: they cannot be asked for"})
        where = await _where(doors, query)
        participant = doors.addresses.normalised(query.participant) if query.participant else None

        async def find(limit: int, after: str | None) -> Page:
            if query.planned:
                return await repository.planned(where, limit=limit, after=after)
            if query.subject:
                return await doors.subjects.page(query.subject, limit=limit, after=after)
            since = iso(query.since) if query.since else None
            return await repository.page("interactions", where, order="at", since=since, limit=limit, after=after)

        async def keep(documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
            fitting = [document for document in documents if query.fits(document, participant)]
            found = await seen.interactions(actor, fitting)
            # Nor is anybody told by a search what he is not shown.
            return [each for each in found if each[1] in query.levels]

        async def show(found: Sequence[tuple[Document, Shown]]) -> list[BaseModel]:
            return [in_list(document, level) for document, level in found]

        order = "send_at" if query.planned else "at"
        return await listed(
            lambda limit: sifted(find, keep, order=order, limit=limit, after=query.after), show, limit=query.limit
        )

    @routes.get("/interactions/{id}", right=Right.READ_CORRESPONDENCE, noun="interaction")
    async def show_interaction(interaction_id: Id, actor: Acting) -> InteractionView:
        """One interaction."""
        return shown(*await seen.interaction(actor, interaction_id))


def _add_pages(routes: Public, doors: Doors) -> None:
    @routes.get("/interactions/{id}/html", right=Right.READ_CORRESPONDENCE, noun="interaction", download="text/html")
    async def show_interaction_html(
        interaction_id: Id, query: Annotated[PageQuery, Query()], actor: Acting
    ) -> Response:
        """The HTML of a message, sanitised: no scripts and forms, remote images held back unless they are asked for.
        Show it in a sandbox. Images that came with the message are in it, 8 MB at most.
        """
        document = await doors.seen.whole_interaction(actor, interaction_id)
        if not document.get("html"):
            raise NotFound(f"interaction {interaction_id} has no HTML; read its text")
        try:
            shown = await pictures.page(doors.blobs, document, remote=query.images)
        except NotFound as exc:
            raise NotFound("the HTML of this message is no longer kept; read its text") from exc
        return Response(shown, media_type="text/html", headers=pictures.headers(remote=query.images))


async def _where(doors: Doors, query: InteractionQuery) -> dict[str, Any]:
    if not (query.with_people and query.client_id):
        return query.where
    people = await doors.clients.people(query.client_id)
    return {**query.where, "client_id": In([query.client_id, *people])}


def _add_planned(routes: Public, doors: Doors) -> None:
    @routes.patch("/interactions/{id}", right=Right.WRITE_MESSAGES, noun="interaction", refuses=[Conflict])
    async def change_planned_message(interaction_id: Id, change: Rewrite, actor: Acting) -> InteractionView:
        """Change a message that waits for its time."""
        await doors.seen.whole_interaction(actor, interaction_id)
        return shown(await doors.planned.rewrite(interaction_id, change))

    @routes.delete("/interactions/{id}", right=Right.WRITE_MESSAGES, noun="interaction", refuses=[Conflict])
    async def take_back_planned_message(interaction_id: Id, actor: Acting) -> InteractionView:
        """Take back a message that waits for its time; it stays in the chain as cancelled."""
        await doors.seen.whole_interaction(actor, interaction_id)
        return shown(await doors.planned.cancel(interaction_id))


def _add_splits(routes: Public, doors: Doors) -> None:
    @routes.post(
        "/interactions/{id}/split",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def split_interaction(interaction_id: Id, actor: Acting) -> InteractionView:
        """Yes, another matter: the message (`link.asks`) opens a chain that continues the one it was in."""
        await doors.seen.whole_interaction(actor, interaction_id)
        return shown(await doors.splits.split(interaction_id, by=actor.login))

    @routes.post(
        "/interactions/{id}/keep",
        right=Right.WRITE_MESSAGES,
        noun="interaction",
        action="move",
        refuses=[Conflict],
    )
    async def keep_interaction(interaction_id: Id, actor: Acting) -> InteractionView:
        """No, the same matter: the message (`link.asks`) stays where it is."""
        await doors.seen.whole_interaction(actor, interaction_id)
        return shown(await doors.splits.keep(interaction_id))
