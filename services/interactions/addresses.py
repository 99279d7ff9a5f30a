"""Addresses of a client that employees enter: normalised, and at most one client's."""

import re
from collections.abc import Callable, Iterable

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.kit.domains import mail_name
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.phones import phone
from hub.store.base import Document
from services.interactions.repository import Repository
from services.interactions.roots import existing

_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,253}")
_TELEGRAM = re.compile(r"telegram:@[A-Za-z0-9_]{3,64}/-?\d{1,20}")


class NewAddress(Form):
    """As people write it: a number, a mail address; or normalised."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "+7 495 123-45-67"}]})
    address: str = Field(min_length=3, max_length=400)
    name: str = Field(default="", max_length=200)


class Taken(Conflict):
    """This address is another client's; remove it there first."""

    def __init__(self, client_id: str) -> None:
        super().__init__()
        self.client_id = client_id
        """For those who see him."""


class Addresses:
    """Adds and removes addresses by hand."""

    def __init__(self, repository: Repository, *, region: str) -> None:
        """`region` is the country of phone numbers without an international prefix, as `RU`."""
        self._repository = repository
        self._region = region

    def normalised(self, text: str) -> str:
        """Raises InvalidInput."""
        return normalised(text, self._region)

    async def add(self, client_id: str, given: NewAddress) -> Document:
        """The client as he is then.

        Raises:
            NotFound: no such client.
            InvalidInput: it is no address.
            Taken: it is another client's.
            TooLarge: his card is full.
        """
        client = await self._found(client_id)
        address = normalised(given.address, self._region)
        listed = {"address": address, "raw": given.address.strip(), "name": given.name}
        self._repository.clients.check(client, _with(client, listed))
        owner = await self._repository.own(listed, client_id)
        if owner != client_id:
            raise Taken(owner)
        return await self._change(client_id, lambda now: _with(now, listed))

    async def check_free(self, texts: Iterable[str], client_id: str) -> None:
        """Raises InvalidInput: one is no address; Taken: one is another client's."""
        wanted = {normalised(text, self._region) for text in texts}
        for address in (await self._repository.addresses.get_many(wanted)).values():
            if address["client_id"] not in (None, client_id):
                raise Taken(address["client_id"])

    async def remove(self, client_id: str, address: str) -> Document:
        """The client as he is then; what came from the address stays his, and what is known of the address, its
        consent above all, stays with the address. Raises NotFound.
        """
        await self._found(client_id)
        stored = await self._repository.addresses.get(address)
        if stored is None or stored["client_id"] != client_id:
            raise NotFound(f"client {client_id} has no address {address}")
        after = await self._change(client_id, lambda now: _without(now, address))
        freed = await self._repository.addresses.amend(
            address, lambda now: {**now, "client_id": None} if now["client_id"] == client_id else now
        )
        await self._repository.addresses.tell(freed or stored)
        return after

    async def change(self, client_id: str, change: Callable[[Document], Document]) -> Document:
        """The client after a change of what stands on his card. Raises NotFound."""
        await self._found(client_id)
        return await self._change(client_id, change)

    async def _change(self, client_id: str, change: Callable[[Document], Document]) -> Document:
        after = await self._repository.clients.amend(client_id, change)
        if after is None:
            raise NotFound(f"there is no client {client_id}")
        await self._repository.clients.tell(after)
        return after

    async def _found(self, client_id: str) -> Document:
        return await existing(self._repository.clients, client_id, "client")


def normalised(text: str, region: str) -> str:
    """`email:…`, `phone:+…` or `telegram:@bot/…`.

    Raises:
        InvalidInput: it is none of these.
    """
    bare = text.strip()
    if _TELEGRAM.fullmatch(bare):
        bot, _, chat = bare.partition("/")
        return f"{bot.lower()}/{chat}"
    mail = bare.removeprefix("email:")
    if _MAIL.fullmatch(mail):
        return mail_name(mail)
    if number := phone(bare.removeprefix("phone:"), region):
        return number
    fix = f"{text!r} is no address; write it as +7 495 123-45-67, anna@example.com or telegram:@our_bot/123456"
    raise InvalidInput(f"address: {fix}", fields={"address": fix})


def _with(client: Document, listed: Document) -> Document:
    known = any(one["address"] == listed["address"] for one in client["addresses"])
    candidates = [one for one in client.get("candidates") or [] if one["address"] != listed["address"]]
    return client if known else {**client, "addresses": [*client["addresses"], listed], "candidates": candidates}


def _without(client: Document, address: str) -> Document:
    return {**client, "addresses": [one for one in client["addresses"] if one["address"] != address]}
