"""The rules of numbers: a login at Twilio is tried before it is saved."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hub.channels.belonging import BELONGS
from hub.channels.errors import LoginRefused
from hub.channels.keeping import Keeping
from hub.channels.trials import TrialView, trial_of
from hub.kit.errors import InvalidInput, ProviderUnavailable
from hub.kit.ids import derive
from hub.store.base import Document
from services.messaging.models import Provider
from services.messaging.numbers.models import NumberChange, NumberInput, PreviewInput
from services.messaging.numbers.repository import NumberRepository
from services.messaging.sms.numbers import dialled, sender
from services.messaging.sms.segments import count, substitute

Try = Callable[[Provider], Awaitable[None]]
"""Raises LoginRefused or ProviderUnavailable."""


class Numbers:
    """Adds and changes numbers; the rest is as for every account."""

    def __init__(self, *, keeping: Keeping, repository: NumberRepository, trial: Try) -> None:
        self._keeping = keeping
        self._repository = repository
        self._try = trial
        self.get = keeping.get
        self.page = keeping.page
        self.remove = keeping.remove
        self.channels = keeping.channels
        self.waiting = keeping.waiting

    async def add(self, given: NumberInput) -> Document:
        """The number as it is stored.

        Raises:
            Conflict: it is there already.
            InvalidInput: it is no number, or a provider refused the login or cannot be reached.
        """
        address = sender(given.address, given.region)
        if not address:
            fix = f"{given.address!r} is no number; write it as +74951234567, or a name of up to 11 letters"
            raise InvalidInput(f"address: {fix}", fields={"address": fix})
        number_id = derive("num", address)
        await self._keeping.check_free(number_id)
        providers = [one.provider() for one in given.providers]
        await self._tried(providers)
        return await self._keeping.add(
            {
                "_id": number_id,
                "address": dialled(address),
                "sender": address,
                "name": given.name or dialled(address),
                "providers": [self._repository.sealed(one) for one in providers],
                "substitute": given.substitute,
                "tariff": None if given.tariff is None else str(given.tariff),
                "region": given.region,
                **given.belongs,
            }
        )

    async def change(self, number_id: str, change: NumberChange) -> Document:
        """The number as it is now; new providers are tried first. Errors as `add`, and NotFound."""
        document = await self._repository.get(number_id)
        given: dict[str, Any] = change.model_dump(
            exclude_none=True, include={"name", "substitute", "region", *BELONGS}
        )
        if change.tariff is not None:
            given["tariff"] = str(change.tariff)
        if change.providers:
            providers = [one.provider() for one in change.providers]
            await self._tried(providers)
            given["providers"] = [self._repository.sealed(one) for one in providers]
        return await self._keeping.change({**document, **given})

    async def tried(self, number_id: str) -> TrialView:
        """Its providers, as they are kept. Raises NotFound."""
        number = self._repository.opened(await self._repository.get(number_id))
        return await trial_of(self._tried(number.providers))

    async def preview(self, given: PreviewInput) -> dict[str, Any]:
        """How a text would be sent, from one of our numbers where one is named. Raises NotFound."""
        number = self._repository.opened(await self._repository.get(given.account)) if given.account else None
        smart = given.smart or bool(number and number.substitute)
        text = substitute(given.text) if smart else given.text
        return {**count(text, tariff=number.tariff if number else None).view(), "text": text}

    async def _tried(self, providers: Sequence[Provider]) -> None:
        names = [provider.name for provider in providers]
        if len(set(names)) < len(names):
            fix = f"two of them have one name; there are {', '.join(names)}"
            raise InvalidInput(f"providers: {fix}", fields={"providers": fix})
        for position, provider in enumerate(providers):
            try:
                await self._try(provider)
            except (LoginRefused, ProviderUnavailable) as exc:
                raise InvalidInput(f"{provider.name}: {exc}", fields={f"providers.{position}": str(exc)}) from exc
