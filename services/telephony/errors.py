"""What exchanges and providers of calls answer, as the hub's errors."""

from hub.kit.errors import HubError, ProviderUnavailable


class ExchangeUnavailable(ProviderUnavailable):
    """The exchange did not answer; it is tried again."""


class NotConnected(ExchangeUnavailable):
    """The exchange is not connected at the moment; nothing was asked of it."""


class ExchangeRefused(HubError):
    """The exchange refused what it was asked for."""

    status_code = 409
    title = "Refused by the exchange"


class Forged(HubError):
    """The call does not show the right signature, token or address: nothing of it is taken over."""

    status_code = 403
    title = "Not from the provider"


class Overtaken(HubError):
    """Another copy of the hub listens to this exchange."""

    status_code = 409
    title = "Another copy has it"


class RecordingGone(HubError):
    """The exchange does not hand the recording out any more."""
