"""What providers of messages answer, as the hub's errors."""

from hub.kit.errors import HubError, ProviderUnavailable


class MessengerUnavailable(ProviderUnavailable):
    """The provider did not answer; it is tried again."""


class FileGone(HubError):
    """The provider does not hand the file out any more."""


class Forged(HubError):
    """The call does not show the right signature or secret: nothing of it is taken over."""

    status_code = 403
    title = "Not from the provider"
