"""The rules of bots: a token is tried before it is saved, and stays with the bot it is for."""

from secrets import token_urlsafe
from typing import Protocol

from hub.channels.entered import check_entered
from hub.channels.errors import LoginRefused
from hub.channels.keeping import Keeping
from hub.channels.trials import TrialView, trial_of
from hub.kit.errors import InvalidInput, ProviderUnavailable
from hub.kit.ids import derive
from hub.store.base import Document
from services.messaging.bots.models import BotChange, BotInput
from services.messaging.bots.repository import BotRepository


class BotTrial(Protocol):
    """Asks Telegram who a token is for."""

    async def username(self, *, token: str, api_url: str) -> tuple[str, str]:
        """User name, without the @, and display name; raises LoginRefused or ProviderUnavailable."""
        ...


class Bots:
    """Adds and changes bots; the rest is as for every account."""

    def __init__(self, *, keeping: Keeping, repository: BotRepository, trial: BotTrial, public_url: str) -> None:
        self._keeping = keeping
        self._repository = repository
        self._trial = trial
        self._public_url = public_url
        self.get = keeping.get
        self.page = keeping.page
        self.remove = keeping.remove
        self.channels = keeping.channels
        self.waiting = keeping.waiting

    async def add(self, given: BotInput) -> Document:
        """The bot as it is stored.

        Raises:
            Conflict: it is there already.
            InvalidInput: the token was refused, or Telegram cannot be reached; or webhooks have nowhere to go.
        """
        self._check_mode(given.mode)
        token = given.token.get_secret_value()
        username, title = await self._tried(token, given.api_url)
        bot_id = derive("bot", username.lower())
        await self._keeping.check_free(bot_id)
        return await self._keeping.add(
            {
                "_id": bot_id,
                "address": f"@{username}",
                "name": given.name or title or username,
                "mode": given.mode,
                "groups": given.groups,
                "region": given.region,
                "api_url": given.api_url,
                **given.belongs,
                **self._repository.sealed(token=token, secret=token_urlsafe(32)),
            }
        )

    async def change(self, bot_id: str, change: BotChange) -> Document:
        """The bot as it is now; a new token is tried first.

        Raises:
            InvalidInput: as `add`, or `api_url` is another one and the token was not given again.
            Conflict, NotFound
        """
        document = await self._repository.get(bot_id)
        bot = self._repository.opened(document)
        given = change.model_dump(exclude_none=True, exclude={"token"})
        self._check_mode(given.get("mode", bot.mode))
        place = {"api_url": given.get("api_url", bot.api_url)}
        check_entered({"api_url": bot.api_url}, place, {"token": change.token is not None})
        secret = bot.secret if place["api_url"] == bot.api_url else token_urlsafe(32)
        token = change.token.get_secret_value() if change.token else bot.token
        if change.token or change.api_url:
            username, _ = await self._tried(token, given.get("api_url", bot.api_url))
            if username.lower() != bot.username.lower():
                words = f"this token is for @{username}, not for {bot.address}; add that one as a bot of its own"
                raise InvalidInput(words, fields={"token": words})
        return await self._keeping.change(
            {**document, **given, **self._repository.sealed(token=token, secret=secret)}
        )

    async def tried(self, bot_id: str) -> TrialView:
        """Its token, as it is kept. Raises NotFound."""
        bot = self._repository.opened(await self._repository.get(bot_id))
        return await trial_of(self._tried(bot.token, bot.api_url))

    def _check_mode(self, mode: str) -> None:
        if mode == "webhook" and not self._public_url:
            words = "webhook needs [messaging] public_url, where Telegram reaches the hub; set it, or take polling"
            raise InvalidInput(words, fields={"mode": words})

    async def _tried(self, token: str, api_url: str) -> tuple[str, str]:
        try:
            return await self._trial.username(token=token, api_url=api_url)
        except LoginRefused as exc:
            raise InvalidInput(f"token: {exc}", fields={"token": str(exc)}) from exc
        except ProviderUnavailable as exc:
            raise InvalidInput(f"api_url: {exc}", fields={"api_url": str(exc)}) from exc
