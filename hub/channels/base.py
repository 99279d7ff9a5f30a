"""What a channel is: it receives, it sends, it says how it is; and a simulator stands in for its provider."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from hub.contracts.interaction import SendMessage


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message."""

    words: str
    """The provider's, as `250 2.0.0 Ok: queued as 4F1A`."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Recipients that the provider refused although it took the message for others, each with its words."""
    keys: tuple[str, ...] = ()
    """Names that the provider gave the message: `sms:SM…`, `telegram:@bot/123/45`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider said no for good: to try again would be of no use."""

    words: str
    unreachable: tuple[str, ...] = ()
    """Addresses that cannot be reached any more, whatever the message: a bot was blocked, a number is no phone's."""
    keys: tuple[str, ...] = ()
    """Names of the parts that the provider took before."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The provider said not now, or was lost before the message was handed over: it is tried again later."""

    words: str
    after: timedelta | None = None
    """When to try again, where the provider says so."""
    keys: tuple[str, ...] = ()
    """Names of the parts that the provider took already: the next try goes on behind them."""
    closed: bool = False
    """It was not about this message: the provider takes nothing from the account now."""
    login_refused: bool = False
    """As `closed`, until somebody changes the account."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Handed over, and no answer came: the provider may have taken it. It is not sent again by itself."""

    words: str
    keys: tuple[str, ...] = ()
    """Names of the parts that the provider did confirm."""


Outcome = Sent | Refused | Deferred | Unknown

Intent = Callable[[], Awaitable[None]]
"""Makes durable that the message is about to be handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one account of a channel is."""

    state: Literal["green", "red", "starting"]
    reason: str | None = None
    last_in: datetime | None = None
    last_out: datetime | None = None
    lag_seconds: float | None = None
    """For how long there may be something that was not taken over; none before the first look."""
    credentials: Literal["ok", "refused", "unknown"] = "unknown"
    checked_at: datetime | None = None


class Outward(Protocol):
    """The way out of one account: what a sender needs of a channel."""

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """Hands one message to the provider, calling `intent` once, right before the point of no return.

        `at` is when it was given to the hub, the same at every try; `keys` are the names that the provider gave at
        earlier tries to what it took: parts of this message, or the whole by a way that did not deliver it.

        Raises:
            ProviderUnavailable: not reached; nothing was handed over.
            Unsupported: the channel cannot express this message.
            TransientError: as `intent` raised it; nothing was handed over.
        """
        ...


class Channel(Outward, Protocol):
    """One account of a channel: a mailbox, a bot, a number. It passes `hub.testing.channel_contract`."""

    async def receive(self) -> None:
        """Runs until cancelled: takes over what comes, and tells the provider only what is durable and published.

        Goes on by itself when the provider, the bus, the store or the blobs were away.
        """
        ...

    async def health(self) -> Health: ...
