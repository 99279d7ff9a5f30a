"""The HTTP door of lead forms."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.leadforms.models import LeadForm
from services.campaigns.leadforms.service import LeadForms


class FieldView(View):
    name: str
    label: dict[str, str]
    required: bool
    long: bool


class FormConsentView(View):
    topic: str
    words: dict[str, str]
    required: bool
    text_version: str = Field(description="Of the topic's words, when the form was written")


class FormView(View):
    """A form on pages."""

    id: str
    name: str
    title: dict[str, str]
    thanks: dict[str, str]
    fields: list[FieldView]
    consent: FormConsentView | None
    languages: list[str]
    origins: list[str]
    source: str
    assignee: str
    task: str
    open: bool
    version: int
    snippet: str = Field(description="To be put where it shall stand; below [campaigns] public_url")
    owner: str
    team: str | None
    at: str


class FormList(View):
    items: list[FormView]
    next: str | None


def public(forms: LeadForms, base: str) -> Public:
    """The operations; `base` is where customers reach the gateway."""
    routes = Public("lead forms")

    def of(stored: Document) -> FormView:
        snippet = f'<script async src="{base}/m/form/{stored["_id"]}/script"></script>'
        return FormView.model_validate({**stored, "id": stored["_id"], "snippet": snippet})

    @routes.get("/lead-forms", right=Right.READ_CAMPAIGNS, noun="form", answer=FormList)
    async def list_lead_forms(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Forms on pages, the newest first."""
        return await listed(
            lambda limit: forms.page(actor, limit=limit, after=query.after), each(of), limit=query.limit
        )

    @routes.post("/lead-forms", right=Right.MANAGE_CAMPAIGNS, noun="form", status=201)
    async def add_lead_form(given: LeadForm, actor: Acting, key: Key = None) -> FormView:
        """Declare a form: its fields, consent, source, the sites that may show it, and whose task a lead is."""
        return of(await forms.add(given, actor=actor, key=key))

    @routes.get("/lead-forms/{id}", right=Right.READ_CAMPAIGNS, noun="form")
    async def show_lead_form(form_id: Id, actor: Acting) -> FormView:
        """A form, and the snippet that shows it."""
        return of(await forms.get(form_id, actor))

    @routes.put("/lead-forms/{id}", right=Right.MANAGE_CAMPAIGNS, noun="form", refuses=[Conflict])
    async def change_lead_form(form_id: Id, given: LeadForm, actor: Acting) -> FormView:
        """Declare it anew; who has it open is shown it anew, with what he wrote."""
        return of(await forms.change(form_id, given, actor=actor))

    @routes.delete("/lead-forms/{id}", right=Right.MANAGE_CAMPAIGNS, noun="form", status=204, refuses=[Conflict])
    async def remove_lead_form(form_id: Id, actor: Acting) -> None:
        """It is shown no more; what it took stays."""
        await forms.remove(form_id, actor=actor)

    return routes
