"""Phones of employees."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Protocol

from fastapi import Query, Response

from hub.api.actor import Acting
from hub.api.forms import Id, LoginPath, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from hub.store.base import Page
from services.telephony.phones.models import BrowserPhone, Phones, PhonesPage, PhonesView
from services.telephony.phones.repository import PhoneRepository

Tokens = Callable[[str, str], Awaitable[BrowserPhone]]
"""For an exchange and a login. Raises NotFound, and Conflict where the exchange has none."""


class Talks(Protocol):
    """Knows who speaks in a call at the moment."""

    async def talking(self, logins: Sequence[str]) -> set[str]: ...


def add(routes: Public, phones: PhoneRepository, talks: Talks, tokens: Tokens) -> None:
    async def page(limit: int, after: str | None) -> Page:
        """With who is in a call."""
        found = await phones.page(limit=limit, after=after)
        busy = await talks.talking([one["_id"] for one in found.items])
        return Page([{**one, "busy": one["_id"] in busy} for one in found.items], found.next)

    @routes.get("/phones", right=Right.READ_CHANNELS, noun="phone", answer=PhonesPage)
    async def list_phones(query: Annotated[Paging, Query()]) -> Response:
        """Which phones are whose, and who is in a call at the moment."""
        return await listed(lambda limit: page(limit, query.after), each(PhonesView.of), limit=query.limit)

    @routes.post(
        "/exchanges/{id}/browser-phone",
        right=Right.WRITE_MESSAGES,
        noun="phone",
        action="begin",
        repeatable=False,
        refuses=[Conflict],
    )
    async def begin_browser_phone(exchange_id: Id, actor: Acting) -> BrowserPhone:
        """What the browser of whoever asks needs to be his phone, for an hour (Twilio Voice SDK)."""
        return await tokens(exchange_id, actor.login)

    @routes.put("/phones/{login}", right=Right.MANAGE_CHANNELS, noun="phone")
    async def set_phones(login: LoginPath, given: Phones) -> PhonesView:
        """Give an employee these phones, in place of all; the first one rings when he calls."""
        return PhonesView.of(await phones.put(login, given.phones))
