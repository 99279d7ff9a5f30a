"""Phones of employees."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query, Response

from hub.api.actor import Acting
from hub.api.forms import Id, LoginPath, Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from services.telephony.phones.models import BrowserPhone, Phones, PhonesPage, PhonesView
from services.telephony.phones.repository import PhoneRepository

Tokens = Callable[[str, str], Awaitable[BrowserPhone]]
"""For an exchange and a login. Raises NotFound, and Conflict where the exchange has none."""


def add(routes: Public, phones: PhoneRepository, tokens: Tokens) -> None:
    @routes.get("/phones", right=Right.READ_CHANNELS, noun="phone", answer=PhonesPage)
    async def list_phones(query: Annotated[Paging, Query()]) -> Response:
        """Which phones are whose."""
        return await listed(
            lambda limit: phones.page(limit=limit, after=query.after), each(PhonesView.of), limit=query.limit
        )

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
