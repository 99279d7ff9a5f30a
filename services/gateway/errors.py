"""What only the gateway says.

HubError
├── TransientError
│   └── PeerUnavailable       503
├── Unauthenticated
│   ├── CodeNeeded            401
│   ├── NotThisPasskey        401
│   ├── CounterWentBack       401
│   ├── NotVerified           401
│   └── Elsewhere             401
├── Forbidden
│   ├── ForeignPage           403
│   ├── BeganElsewhere        403
│   ├── NotLetIn              403
│   └── PersonsOnly           403
├── InvalidInput
│   ├── BadLogout             400
│   └── BadEventId            422
└── Conflict
    ├── LoginTaken            409
    ├── Nameless              409
    ├── Unreplayable          409
    └── LastAdministrator     409
"""

from hub.kit.errors import Conflict, Forbidden, InvalidInput, TransientError, Unauthenticated


class PeerUnavailable(TransientError):
    """The service that answers this is not reachable now; try again in a few seconds."""


class CodeNeeded(Unauthenticated):
    """The password is right; give `code` as well, as your authenticator application shows it now."""

    title = "Second factor needed"


class NotThisPasskey(Unauthenticated):
    """This passkey lets nobody in here; begin again, or log in with the password."""

    title = "Not this passkey"


class CounterWentBack(NotThisPasskey):
    """This passkey was used more often than it says: there may be a copy of it. Remove it, and make another."""


class Elsewhere(Unauthenticated):
    """People log in here by the single sign-on, GET /api/v1/sessions/oidc; this login is not one of
    [gateway] oidc_break_glass."""

    title = "Log in by the single sign-on"


class NotVerified(Unauthenticated):
    """What came from the single sign-on is not good; begin again, GET /api/v1/sessions/oidc."""

    title = "Not logged in by the single sign-on"


class NotLetIn(Forbidden):
    """The single sign-on knows you, and gives you no role here; ask an administrator ([gateway] oidc_roles)."""


class BeganElsewhere(Forbidden):
    """This takes a session that began with the password or a passkey, not with the single sign-on."""


class ForeignPage(Forbidden):
    """A cookie works for our own page: browsers say `Sec-Fetch-Site: same-origin`; programs take a bearer token."""

    title = "Not from our own page"


class PersonsOnly(Forbidden):
    """A personal token cannot do this; log in with the password, POST /api/v1/sessions."""


class BadLogout(InvalidInput):
    """The logout token is not good."""

    status_code = 400


class BadEventId(InvalidInput):
    """Last-Event-ID is not one of this stream; connect without it to start from now."""


class LoginTaken(Conflict):
    """An employee with this login exists already; choose another login."""


class Nameless(Conflict):
    """The hub does not know under which address people open it; set [gateway] public_url, as https://hub.example.com,
    or open it on its own machine as http://localhost."""


class Unreplayable(Conflict):
    """The record of this dead letter is not kept any more; it cannot be replayed."""


class LastAdministrator(Conflict):
    """This is the last active administrator; make somebody else administrator first."""
