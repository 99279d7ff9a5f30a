"""What only the gateway says.

HubError
├── TransientError
│   └── PeerUnavailable       503
├── InvalidInput
│   └── BadEventId            422
└── Conflict
    ├── LoginTaken            409
    ├── Unreplayable          409
    └── LastAdministrator     409
"""

from hub.kit.errors import Conflict, InvalidInput, TransientError


class PeerUnavailable(TransientError):
    """The service that answers this is not reachable now; try again in a few seconds."""


class BadEventId(InvalidInput):
    """Last-Event-ID is not one of this stream; connect without it to start from now."""


class LoginTaken(Conflict):
    """An employee with this login exists already; choose another login."""


class Unreplayable(Conflict):
    """The record of this dead letter is not kept any more; it cannot be replayed."""


class LastAdministrator(Conflict):
    """This is the last active administrator; make somebody else administrator first."""
