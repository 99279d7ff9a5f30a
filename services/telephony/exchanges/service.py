"""The rules of exchanges: a login is tried before it is saved, and its secret goes nowhere else than it was for."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from hub.channels.entered import check_entered
from hub.channels.errors import LoginRefused
from hub.channels.keeping import Keeping
from hub.channels.trials import TrialView, trial_of
from hub.kit.errors import ConfigurationError, Conflict, InvalidInput, ProviderUnavailable
from hub.kit.ids import derive
from hub.store.base import Document
from services.telephony.calls.mapping import WebhookMapping
from services.telephony.exchanges.models import (
    FORMS,
    PLACE,
    SECRETS,
    AmiInput,
    ExchangeChange,
    ExchangeInput,
    TwilioInput,
    WebhookInput,
    address_of,
)
from services.telephony.exchanges.repository import ExchangeRepository

Connection = AmiInput | WebhookInput | TwilioInput
Try = Callable[[Connection], Awaitable[None]]
"""Raises LoginRefused or ProviderUnavailable."""
InUse = Callable[[str], Awaitable[list[str]]]
"""The numbers of lines that an exchange carries."""


class Exchanges:
    """Adds, changes and removes exchanges."""

    def __init__(self, *, keeping: Keeping, repository: ExchangeRepository, trial: Try, in_use: InUse) -> None:
        self._keeping = keeping
        self._repository = repository
        self._try = trial
        self._in_use = in_use
        self.get = keeping.get
        self.page = keeping.page
        self.channels = keeping.channels
        self.waiting = keeping.waiting

    async def add(self, given: ExchangeInput) -> Document:
        """The exchange as it is stored.

        Raises:
            Conflict: one of this name is there already.
            InvalidInput: the login was refused, or the exchange cannot be reached, or a mapping is wrong.
        """
        exchange_id = derive("ex", given.name.casefold())
        await self._keeping.check_free(exchange_id)
        check_mapping(given.connection)
        await self._tried(given.connection)
        return await self._keeping.add(
            {
                "_id": exchange_id,
                "name": given.name,
                "kind": given.connection.kind,
                "address": address_of(given.connection),
                "region": given.region,
                **self._repository.stored(given.connection),
            }
        )

    async def change(self, exchange_id: str, change: ExchangeChange) -> Document:
        """The exchange as it is now; another login is tried first. Errors as `add`, and NotFound."""
        document = await self._repository.get(exchange_id)
        given: dict[str, Any] = change.model_dump(exclude_none=True, include={"name", "region"})
        if change.connection:
            connection = self._changed(document, change.connection)
            check_mapping(connection)
            await self._tried(connection)
            given |= {"address": address_of(connection), **self._repository.stored(connection)}
        return await self._keeping.change({**document, **given})

    async def tried(self, exchange_id: str) -> TrialView:
        """Its login, as it is kept. Raises NotFound."""
        exchange = self._repository.opened(await self._repository.get(exchange_id))
        return await trial_of(self._tried(exchange.connection))

    async def remove(self, exchange_id: str) -> None:
        """Listens to it no more; what it told stays. Raises NotFound, and Conflict while lines go by it."""
        await self._repository.get(exchange_id)
        if lines := await self._in_use(exchange_id):
            raise Conflict(f"it carries {', '.join(lines[:10])}; remove these lines, or give them another exchange")
        await self._keeping.remove(exchange_id)

    def _changed(self, document: Document, given: dict[str, Any]) -> Connection:
        """The connection with what was given; raises InvalidInput, naming the field."""
        kind, stored = document["kind"], document["connection"]
        if given.get("kind", kind) != kind:
            fix = f"it is of the kind {kind}; add another exchange instead"
            raise InvalidInput(f"connection.kind: {fix}", fields={"connection.kind": fix})
        secrets = self._repository.secrets_of(document)
        try:
            made = FORMS[kind].model_validate({**stored, **secrets, **given, "kind": kind})
        except ValidationError as exc:
            fields = {f"connection.{'.'.join(map(str, one['loc']))}": one["msg"] for one in exc.errors()}
            raise InvalidInput("; ".join(f"{name}: {fix}" for name, fix in fields.items()), fields=fields) from exc
        after = made.model_dump(mode="json", exclude=set(SECRETS))
        held = {name: bool(given.get(name)) for name in SECRETS if secrets.get(name)}
        places = {name: after[name] for name in PLACE[kind]}
        check_entered({name: stored.get(name, "") for name in places}, places, held, within="connection")
        _check_recordings(stored, after, secrets, given)
        return made

    async def _tried(self, connection: Connection) -> None:
        try:
            await self._try(connection)
        except (LoginRefused, ProviderUnavailable) as exc:
            raise InvalidInput(f"connection: {exc}", fields={"connection": str(exc)}) from exc


def check_mapping(connection: Connection) -> None:
    """Raises InvalidInput where a webhook's mapping is missing or wrong."""
    if not isinstance(connection, WebhookInput):
        return
    field, fix = "connection.mapping", ""
    if connection.mapping:
        try:
            WebhookMapping.of(connection.mapping.model_dump())
        except ConfigurationError as exc:
            fix = str(exc)
    elif not connection.provider:
        fix = "give one, or a provider whose mapping is ready"
    if fix:
        raise InvalidInput(f"{field}: {fix}", fields={field: fix})


def _check_recordings(stored: Document, after: Document, secrets: dict[str, str], given: dict[str, Any]) -> None:
    """The login for recordings goes to the host that it was entered for."""
    before, now = (str(each.get("recordings", "")).split("/")[:3] for each in (stored, after))
    held = {"recordings_login": bool(given.get("recordings_login"))} if secrets.get("recordings_login") else {}
    check_entered({"recordings": "/".join(before)}, {"recordings": "/".join(now)}, held, within="connection")
