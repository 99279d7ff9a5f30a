"""The HTTP door of templates."""

from typing import Annotated, Any, Protocol

from fastapi import Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Actor, Key
from hub.api.downloads import html_headers
from hub.api.forms import Form, Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from services.campaigns.templates.models import Body, Channel, Language, NewTemplate, TemplateChange
from services.campaigns.templates.service import NOBODY, Templates

_PAGE_HEADERS = html_headers("https:")
"""Pictures of a template of ours may come from where it says; whoever previews it is no client who is counted."""


class ProblemView(View):
    field: str = Field(examples=["ru.html"])
    words: str = Field(examples=["3 images have no alt; who does not load images sees nothing in their place"])


class TemplateView(View):
    """A template; what it says is in its version."""

    id: str
    name: str
    folder: str
    channel: Channel
    language: str
    languages: list[str]
    version: int
    variables: list[str] = Field(description="That it names, in any of its languages")
    simple: bool = Field(description="It names variables and nothing else: the fastest to send")
    problems: list[ProblemView]
    owner: str | None
    team: str | None
    at: str

    @classmethod
    def of(cls, stored: Document) -> "TemplateView":
        problems = [{"field": field, "words": words} for field, words in stored["problems"]]
        return cls.model_validate({**stored, "id": stored["_id"], "problems": problems})


class TemplateList(View):
    items: list[TemplateView]
    next: str | None


class VersionView(View):
    number: int
    at: str
    by: str


class VersionList(View):
    items: list[VersionView]


class BodyView(View):
    """What a version says in one language."""

    language: str
    subject: str
    preheader: str
    mjml: str
    html: str
    text: str
    links: list[str]
    size: int = Field(description="Bytes of the page, or of the text")


class SaidView(View):
    number: int
    bodies: list[BodyView]


class PreviewInput(Form):
    """For whom it is shown: a client, or anybody with these variables."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"client_id": "cl_7f2k"}, {"variables": {"first_name": "Анна"}}]}
    )
    client_id: str | None = Field(default=None, max_length=100)
    variables: dict[str, str] = Field(default={}, max_length=100, description="Beside what is known of the client")
    data: dict[str, str] = Field(default={}, max_length=100, description="What a list has in its columns")
    language: Language | None = None
    version: int | None = Field(default=None, ge=1)


class PageQuery(Form):
    client_id: str | None = Field(default=None, max_length=100)
    language: Language | None = None


class PreviewView(View):
    language: str
    subject: str
    text: str
    html: str | None
    failed: str = Field(description="Why it could not be made for him; empty: it was")


class CheckInput(Form):
    """A body that is being written."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms", "body": {"text": "Заказ готов"}}]})
    channel: Channel
    body: Body


class CheckView(View):
    problems: list[ProblemView]
    variables: list[str]
    links: list[str]
    text: str = Field(description="The plain part")
    html: str = Field(description="What MJML becomes")
    size: int
    simple: bool


class People(Protocol):
    """What is known of a client."""

    async def variables(self, client_id: str, actor: Actor) -> Document:
        """Raises NotFound, also for one that the actor does not see."""
        ...


def public(templates: Templates, people: People) -> Public:
    """The operations."""
    routes = Public("templates")
    _add_reading(routes, templates)
    _add_writing(routes, templates)
    _add_trying(routes, templates, people)
    return routes


def _add_reading(routes: Public, templates: Templates) -> None:
    @routes.get("/templates", right=Right.READ_CAMPAIGNS, noun="template", answer=TemplateList)
    async def list_templates(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Templates, the newest first."""
        return await listed(
            lambda limit: templates.page(actor, limit=limit, after=query.after),
            each(TemplateView.of),
            limit=query.limit,
        )

    @routes.get("/templates/{id}", right=Right.READ_CAMPAIGNS, noun="template")
    async def show_template(template_id: Id, actor: Acting) -> TemplateView:
        """A template."""
        return TemplateView.of(await templates.get(template_id, actor))

    @routes.get("/templates/{id}/versions", right=Right.READ_CAMPAIGNS, noun="template")
    async def list_template_versions(template_id: Id, actor: Acting) -> VersionList:
        """Its versions, the newest first; none is ever changed."""
        found = await templates.versions(template_id, actor=actor)
        return VersionList(items=[VersionView.model_validate(one) for one in found])

    @routes.get("/templates/{id}/said", right=Right.READ_CAMPAIGNS, noun="template")
    async def show_template_said(template_id: Id, actor: Acting, version: int | None = None) -> SaidView:
        """What a version says in each language; the newest one, if none is named."""
        template = await templates.get(template_id, actor)
        number = version or template["version"]
        said = await templates.said(template_id, number)
        return SaidView(number=number, bodies=[_body(language, one) for language, one in said.items()])


def _body(language: str, said: dict[str, Any]) -> BodyView:
    built = said["built"]
    return BodyView(language=language, links=built["links"], size=built["size"], **said["written"])


def _add_writing(routes: Public, templates: Templates) -> None:
    @routes.post("/templates", right=Right.MANAGE_CAMPAIGNS, noun="template", status=201)
    async def add_template(given: NewTemplate, actor: Acting, key: Key = None) -> TemplateView:
        """Add a template. What cannot be sent is refused, with the field and the line."""
        return TemplateView.of(await templates.add(given, actor=actor, key=key))

    @routes.patch("/templates/{id}", right=Right.MANAGE_CAMPAIGNS, noun="template", refuses=[Conflict])
    async def change_template(template_id: Id, change: TemplateChange, actor: Acting) -> TemplateView:
        """Change a template; other bodies are a new version of it."""
        return TemplateView.of(await templates.change(template_id, change, actor=actor))

    @routes.delete("/templates/{id}", right=Right.MANAGE_CAMPAIGNS, noun="template", status=204)
    async def remove_template(template_id: Id, actor: Acting) -> None:
        """Take a template out of the list. What was sent of it stays."""
        await templates.remove(template_id, actor=actor)


def _add_trying(routes: Public, templates: Templates, people: People) -> None:
    @routes.post("/templates/check", right=Right.READ_CAMPAIGNS, noun="template", action="check")
    async def check_template(given: CheckInput) -> CheckView:
        """What is wrong with a body that is being written. Nothing is stored."""
        built = (await templates.built(given.channel, "body", given.body))["built"]
        problems = [ProblemView(field=field, words=words) for _, field, words in built["problems"]]
        sources = built["sources"]
        return CheckView(
            problems=problems,
            variables=built["variables"],
            links=built["links"],
            text=sources["text"],
            html=sources["html"],
            size=built["size"],
            simple=built["pieces"] is not None,
        )

    @routes.post("/templates/{id}/preview", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def preview_template(template_id: Id, given: PreviewInput, actor: Acting) -> PreviewView:
        """A template as a client would get it. Nothing leaves."""
        return await previewed(template_id, given, actor)

    @routes.get(
        "/templates/{id}/page", right=Right.READ_CAMPAIGNS, noun="client", action="read", download="text/html"
    )
    async def show_template_page(template_id: Id, query: Annotated[PageQuery, Query()], actor: Acting) -> Response:
        """The page of a mail as a client would get it, for a frame: it runs nothing. 404 where it has none."""
        made = await previewed(template_id, PreviewInput(client_id=query.client_id, language=query.language), actor)
        if made.html is None:
            raise NotFound(made.failed or "this template has no page; look at its preview")
        return Response(made.html, media_type="text/html", headers=_PAGE_HEADERS)

    async def previewed(template_id: str, given: PreviewInput, actor: Actor) -> PreviewView:
        template = await templates.get(template_id, actor)
        known = await people.variables(given.client_id, actor) if given.client_id else {}
        said = await templates.said(template_id, given.version or template["version"])
        wanted = given.language or known.get("language")
        language = wanted if wanted in said else template["language"]
        variables = {**known, **given.variables, "data": given.data, "language": language}
        (made,) = await templates.rendered(said[language]["built"], NOBODY, [(0, variables)], urgent=True)
        blank = {"subject": "", "text": "", "html": None, "failed": ""}
        return PreviewView.model_validate({**blank, **made, "language": language})
