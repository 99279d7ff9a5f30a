"""The HTTP door of static lists."""

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.uploads import Uploads
from hub.contracts.masks import MaskedWords
from hub.jobs.service import Jobs
from hub.store.base import Document
from services.campaigns.lists.service import Lists, NewList, args_of


class ListView(View):
    """People by address."""

    id: str
    name: str
    state: Literal["reading", "ready", "failed"]
    rows: int
    rejected: int = Field(description="Lines without an address that can be reached")
    reason: str = Field(default="", description="Why it could not be read")
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "ListView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class ListList(View):
    items: list[ListView]
    next: str | None


class RejectedView(View):
    line: int
    words: MaskedWords


class RejectedList(View):
    items: list[RejectedView] = Field(description="The first 500")


def public(lists: Lists, jobs: Jobs, uploads: Uploads) -> Public:
    """The operations."""
    routes = Public("lists", uploads=uploads)

    @routes.get("/lists", right=Right.READ_CAMPAIGNS, noun="list", answer=ListList)
    async def list_lists(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Static lists, the newest first."""
        return await listed(
            lambda limit: lists.page(actor, limit=limit, after=query.after), each(ListView.of), limit=query.limit
        )

    @routes.post("/lists", right=Right.MANAGE_CAMPAIGNS, noun="list", status=202)
    async def add_list(given: NewList, actor: Acting, key: Key = None) -> ListView:
        """Make a list of a file. It is read by a job, up to a million people; lines of rubbish are told."""
        made = await lists.add(given, actor=actor, key=key)
        await jobs.begin("read_list", args_of(made["_id"], given.file), by=actor.login, key=made["_id"])
        return ListView.of(made)

    @routes.get("/lists/{id}", right=Right.READ_CAMPAIGNS, noun="list")
    async def show_list(list_id: Id, actor: Acting) -> ListView:
        """A list."""
        return ListView.of(await lists.get(list_id, actor))

    @routes.get("/lists/{id}/rejected", right=Right.READ_CAMPAIGNS, noun="list")
    async def list_rejected_lines(list_id: Id, actor: Acting) -> RejectedList:
        """Lines that could not be read, with the reason."""
        found = await lists.get(list_id, actor)
        return RejectedList(items=[RejectedView(line=line, words=words) for line, words in found["examples"]])

    @routes.delete("/lists/{id}", right=Right.MANAGE_CAMPAIGNS, noun="list", status=204)
    async def remove_list(list_id: Id, actor: Acting) -> None:
        """Take a list away; mailings that were launched keep whom they had."""
        await lists.remove(list_id, actor=actor)

    return routes
