"""The HTTP door of domains."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.email.domains.service import DomainChange, Domains, NewDomain


class DomainView(View):
    """A domain, and the record that lets receivers check our signatures."""

    id: str
    domain: str = Field(examples=["romashka.example"])
    signs: bool = Field(description="Mail of its mailboxes is signed by us")
    record_name: str = Field(examples=["omnihub._domainkey.romashka.example"])
    record: str = Field(description="To be published there, as TXT")

    @classmethod
    def of(cls, stored: Document) -> "DomainView":
        return cls(
            id=stored["_id"],
            domain=stored["domain"],
            signs=stored["signs"],
            record_name=f"{stored['selector']}._domainkey.{stored['domain']}",
            record=f"v=DKIM1; k=rsa; p={stored['public']}",
        )


class DomainList(View):
    items: list[DomainView]
    next: str | None


class FindingView(View):
    record: str = Field(examples=["SPF"])
    name: str
    state: str = Field(examples=["missing"])
    words: str = Field(description="What is wrong, and what to do")
    publish: str = Field(description="What could stand there")


class FindingList(View):
    items: list[FindingView]


def public(domains: Domains) -> Public:
    """The operations."""
    routes = Public("domains")

    @routes.get("/domains", right=Right.READ_CHANNELS, noun="domain", answer=DomainList)
    async def list_domains(query: Annotated[Paging, Query()]) -> Response:
        """Domains that have a key."""
        return await listed(
            lambda limit: domains.page(limit=limit, after=query.after), each(DomainView.of), limit=query.limit
        )

    @routes.post("/domains", right=Right.MANAGE_CHANNELS, noun="domain", status=201, refuses=[Conflict])
    async def add_domain(given: NewDomain) -> DomainView:
        """Make a key for a domain. Publish its record, then let it sign (PATCH)."""
        return DomainView.of(await domains.add(given))

    @routes.get("/domains/{id}/check", right=Right.READ_CHANNELS, noun="domain")
    async def check_domain(domain_id: Id) -> FindingList:
        """What receivers find in the DNS (SPF, DKIM, DMARC), and what is wrong with it."""
        found = await domains.check(domain_id)
        return FindingList(items=[FindingView.model_validate(asdict(one)) for one in found])

    @routes.patch("/domains/{id}", right=Right.MANAGE_CHANNELS, noun="domain", refuses=[Conflict])
    async def change_domain(domain_id: Id, change: DomainChange) -> DomainView:
        """Sign mail of this domain, once its key is published; or no more."""
        return DomainView.of(await domains.change(domain_id, change))

    @routes.delete("/domains/{id}", right=Right.MANAGE_CHANNELS, noun="domain", status=204)
    async def remove_domain(domain_id: Id) -> None:
        """Forget a domain and its key."""
        await domains.remove(domain_id)

    return routes
