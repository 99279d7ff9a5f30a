"""What only the gateway says.

HubError
├── TransientError
│   └── PeerUnavailable       503
├── Unauthenticated
│   └── CodeNeeded            401
├── Forbidden
│   ├── ForeignPage           403
│   └── PersonsOnly           403
├── InvalidInput
│   └── BadEventId            422
└── Conflict
    ├── LoginTaken            409
    ├── Unreplayable          409
    └── LastAdministrator     409
"""

from hub.kit.errors import Conflict, Forbidden, InvalidInput, TransientError, Unauthenticated


class PeerUnavailable(TransientError):
    """The service that answers this is not reachable now; try again in a few seconds."""


class CodeNeeded(Unauthenticated):
    """The password is right; give `code` as well, as your authenticator application shows it now."""

    title = "Second factor needed"


class ForeignPage(Forbidden):
    """A cookie works for our own page: browsers say `Sec-Fetch-Site: same-origin`; programs take a bearer token."""

    title = "Not from our own page"


class PersonsOnly(Forbidden):
    """A personal token cannot do this; log in with the password, POST /api/v1/sessions."""


class BadEventId(InvalidInput):
    """Last-Event-ID is not one of this stream; connect without it to start from now."""


class LoginTaken(Conflict):
    """An employee with this login exists already; choose another login."""


class Unreplayable(Conflict):
    """The record of this dead letter is not kept any more; it cannot be replayed."""


class LastAdministrator(Conflict):
    """This is the last active administrator; make somebody else administrator first."""
