"""Phones of employees."""

from typing import Annotated

from fastapi import Path, Query, Response

from hub.api.forms import Paging
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from services.telephony.phones.models import Phones, PhonesPage, PhonesView
from services.telephony.phones.repository import PhoneRepository

Login = Annotated[str, Path(alias="login", pattern=r"^[A-Za-z0-9._@-]{1,63}$", description="Login of the employee")]


def add(routes: Public, phones: PhoneRepository) -> None:
    @routes.get("/phones", right=Right.READ_CHANNELS, noun="phone", answer=PhonesPage)
    async def list_phones(query: Annotated[Paging, Query()]) -> Response:
        """Which phones are whose."""
        return await listed(
            lambda limit: phones.page(limit=limit, after=query.after), each(PhonesView.of), limit=query.limit
        )

    @routes.put("/phones/{login}", right=Right.MANAGE_CHANNELS, noun="phone")
    async def set_phones(login: Login, given: Phones) -> PhonesView:
        """Give an employee these phones, in place of all; the first one rings when he calls."""
        return PhonesView.of(await phones.put(login, given.phones))
