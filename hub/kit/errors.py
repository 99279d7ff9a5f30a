"""Every error the hub raises on purpose.

HubError
├── TransientError            retried with back-off, in order, for as long as it takes
│   ├── BusUnavailable
│   │   └── BusFull       507
│   ├── StoreUnavailable
│   │   ├── StoreFull     507
│   │   └── StoreDamaged  500
│   ├── BlobsUnavailable
│   │   └── BlobsFull     507
│   └── ProviderUnavailable
├── PermanentError            parked as a dead letter with its bytes and the reason
│   └── Undecodable
├── InvalidInput      422
├── Unauthenticated   401
├── Forbidden         403
├── NotFound          404
├── Conflict          409
├── TooSlow           408
├── TooLarge          413
├── TooManyRequests   429
├── Overloaded        503
└── Unsupported       422

ConfigurationError stands outside: it is raised at start-up, before anything runs, and ends the program.
"""

from collections.abc import Mapping
from typing import Any


class HubError(Exception):
    """Something went wrong. The log line beside this one says what."""

    status_code = 500
    title = "Internal error"

    def __init__(self, message: str | None = None, *, fields: Mapping[str, Any] | None = None) -> None:
        """`fields` maps a name in the caller's input to what is wrong with it and how to mend it."""
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.fields = dict(fields or {})


class TransientError(HubError):
    """A server the hub depends on did not answer; the step is tried again by itself."""

    status_code = 503
    title = "Temporarily unavailable"


class BusUnavailable(TransientError):
    """The bus cannot be reached or did not confirm; check that Kafka runs, or that the disk has room."""


class StoreUnavailable(TransientError):
    """The store cannot be reached or did not confirm; check that it runs, or that the disk has room."""


class BlobsUnavailable(TransientError):
    """The blob storage did not confirm; check that it is reachable, or that the disk has room."""


class StoreFull(StoreUnavailable):
    """There is no room for the store to write; free some, the hub goes on by itself."""

    status_code = 507
    title = "No room on the disk"


class StoreDamaged(StoreUnavailable):
    """The store's file is damaged; stop the hub and restore its data from a backup."""

    status_code = 500
    title = "Damaged"


class BusFull(BusUnavailable):
    """There is no room for the bus to write; free some, the hub goes on by itself."""

    status_code = 507
    title = "No room on the disk"


class BlobsFull(BlobsUnavailable):
    """There is no room for the blobs; free some, the hub goes on by itself."""

    status_code = 507
    title = "No room on the disk"


class ProviderUnavailable(TransientError):
    """The provider did not answer; its own status page says more."""


class PermanentError(HubError):
    """This message cannot be handled, however often it is tried; see the dead letters."""


class Undecodable(PermanentError):
    """The bytes are not an event this version knows; replay them after an upgrade."""


class InvalidInput(HubError):
    """The input is not valid; `errors` names each field and the fix."""

    status_code = 422
    title = "Invalid input"


class Unauthenticated(HubError):
    """Log in first: POST /api/v1/sessions with login and password, then send `Authorization: Bearer TOKEN`."""

    status_code = 401
    title = "Not logged in"


class Forbidden(HubError):
    """Your role does not allow this; ask an administrator."""

    status_code = 403
    title = "Not allowed"


class NotFound(HubError):
    """There is nothing under this id; it may have been removed, or the id is mistyped."""

    status_code = 404
    title = "Not found"


class Conflict(HubError):
    """Somebody else changed this at the same time; read it again and repeat the change."""

    status_code = 409
    title = "Conflict"


class TooSlow(HubError):
    """The body of the request came too slowly; send it again, faster than 1 KiB a second."""

    status_code = 408
    title = "Request timeout"


class TooLarge(HubError):
    """The input is larger than the stated limit."""

    status_code = 413
    title = "Too large"


class TooManyRequests(HubError):
    """Too many tries; wait for the time that `Retry-After` gives."""

    status_code = 429
    title = "Too many requests"

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(HubError):
    """The hub has too much in hand at this moment; try again after the time that `Retry-After` gives."""

    status_code = 503
    title = "Overloaded"


class Unsupported(HubError):
    """The channel cannot express this."""

    status_code = 422
    title = "Not supported by the channel"


class ConfigurationError(Exception):
    """The settings do not allow a start; the message names the setting and the fix."""
