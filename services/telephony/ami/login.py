"""How one logs in to the manager interface: by a challenge, so that the secret does not cross the network."""

from hashlib import md5

from hub.channels.errors import LoginRefused
from services.telephony.ami.reading import Message
from services.telephony.exchanges.models import AmiInput

_FIX = "check user and secret, and permit in manager.conf"
_CLASSES = "system,call,agent,dialplan"
"""Classes of events that tell of calls."""
NOISE = ("DeviceStateChange", "ExtensionStatus", "PeerStatus", "QueueMemberStatus", "RTCPSent", "RTCPReceived")
"""Events of these classes that tell nothing of calls and make up most of the traffic of a busy exchange."""


CHALLENGE = (("AuthType", "MD5"),)


def login(connection: AmiInput, answer: Message, *, events: bool = True) -> list[tuple[str, str]]:
    """The login that answers a challenge; plain, where the exchange knows no challenges."""
    fields = [("Username", connection.user), ("Events", _CLASSES if events else "off")]
    secret = connection.secret.get_secret_value()
    if (given := answer.get("Challenge")) and answer.get("Response") == "Success":
        key = md5(f"{given}{secret}".encode(), usedforsecurity=False).hexdigest()
        return [*fields, ("AuthType", "MD5"), ("Key", key)]
    return [*fields, ("Secret", secret)]


def check_login(answer: Message) -> None:
    """Raises LoginRefused."""
    if answer.get("Response") != "Success":
        raise LoginRefused(answer.get("Message") or "Authentication failed", fix=_FIX)
