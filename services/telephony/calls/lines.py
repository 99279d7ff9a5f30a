"""Which channels are lines to the outside and which are our phones, and how their numbers are written."""

import re
from dataclasses import dataclass
from functools import lru_cache

from hub.kit.phones import phone

_SUFFIX = re.compile(r"-[0-9a-fA-F]+(?:;[12])?(?:<.*>)?$")
_EXTENSION = re.compile(r"\d{2,6}")
_NUMBER = re.compile(r"\+?[\d\-() ]{7,}")
_SHORT = re.compile(r"[*#]?\d{1,6}#?")
_HIDDEN = {"anonymous", "restricted", "private", "withheld", "unavailable", "blocked", "hidden", "nonpubnum"}
_NOBODY = {"", "<unknown>", "unknown", "<null>", "(null)", "s", "asterisk"}
_MACHINES = {
    "CBAnn", "CBRec", "Announcer", "Recorder", "Snoop", "Bridge", "Message", "Surrogate", "UnicastRTP",
    "MulticastRTP", "OutgoingSpoolFailed", "AudioSocket", "WebSocket", "Parked", "Substitution",
}  # fmt: skip
_CARRIERS = {"DAHDI", "Khomp", "Dongle", "Quectel", "Mobile", "mISDN", "OOH323", "H323"}
"""Technologies of lines; a phone behind one of them is known by its context."""
_OUTSIDE = ("from-trunk", "from-pstn", "from-did", "from-external", "from-outside", "from-provider", "from-sip-ext")
_INCOMING = ("incoming", "inbound", "trunk", "pstn", "external", "provider")
_INSIDE = ("from-internal", "internal", "from-phones", "phones", "users", "local-phones", "default-phones")


@dataclass(frozen=True, slots=True)
class Lines:
    """What is known of one exchange's lines. Without configuration what the names and numbers say decides."""

    trunks: tuple[str, ...] = ()
    """Beginnings of channel names that are lines: `PJSIP/mango`, or `mango` for any technology."""
    contexts: tuple[str, ...] = ()
    """Contexts of the dialplan in which calls from outside begin."""
    extensions: tuple[str, ...] = ()
    """Beginnings of channel names that are phones, where the defaults are wrong."""
    region: str = "RU"
    """For numbers that are written without their country."""

    def kind(self, name: str, *, context: str = "", number: str = "") -> str:
        """`line`, `phone`, `local` (half of a pair) or `machine`, of a channel as it was when it began.

        `number` is the caller's; of a channel that is dialled, what was dialled.
        """
        technology, peer = technology_of(name), peer_of(name)
        if technology == "Local":
            return "local"
        if technology in _MACHINES:
            return "machine"
        if _begins(name, peer, self.trunks) or context in self.contexts:
            return "line"
        if _begins(name, peer, self.extensions):
            return "phone"
        return _by_habit(technology, peer, context, number)

    def said(self, number: str) -> str:
        """As a person would say it: `+7…` for a number outside, extensions as they are, `hidden`, `unknown`."""
        bare = number.strip()
        if bare.lower() in _HIDDEN:
            return "hidden"
        if bare.lower() in _NOBODY:
            return "unknown"
        address = self.address(bare)
        return address.removeprefix("phone:") if address else bare

    def address(self, number: str) -> str:
        """`phone:+7…`, or nothing for what is no number that can be called from everywhere."""
        return _address(number, self.region)

    def is_outside(self, number: str) -> bool:
        """Whether a number that was dialled leads out of the house."""
        return is_number(number)


def technology_of(name: str) -> str:
    """`PJSIP` of `PJSIP/101-0000001a`."""
    return name.partition("/")[0]


def peer_of(name: str) -> str:
    """`101` of `PJSIP/101-0000001a`, `103` of `Local/103@internal-00000007;1`."""
    peer = _SUFFIX.sub("", name.partition("/")[2])
    return peer.partition("@")[0] if name.startswith("Local/") else peer


def device_of(text: str) -> str:
    """`101` of `PJSIP/101`, which names a device and no channel."""
    return text.partition("/")[2].partition("@")[0] or text


def is_number(text: str) -> bool:
    """Whether it has the shape of a number outside, not of an extension or a code."""
    return bool(_NUMBER.fullmatch(text))


def is_extension(text: str) -> bool:
    return bool(_SHORT.fullmatch(text))


def dialled(text: str, peer: str = "") -> str:
    """The number in what was dialled: `7495…@trunk`, `trunk/7495…`, `g0/8495…`, `trunk/sip:7495…@host`."""
    pieces = [piece.removeprefix("sip:") for piece in re.split(r"[/@&,]", text) if piece != peer]
    numbers = [piece for piece in pieces if re.fullmatch(r"[+*#]?\d+#?", piece)]
    return max(numbers, key=len, default="")


def _begins(name: str, peer: str, beginnings: tuple[str, ...]) -> bool:
    return any((name if "/" in one else peer).startswith(one) for one in beginnings)


def _by_habit(technology: str, peer: str, context: str, number: str) -> str:
    if context.startswith(_OUTSIDE):
        return "line"
    if _EXTENSION.fullmatch(peer):
        return "phone"
    if context in _INSIDE or context.startswith("from-internal"):
        return "phone"
    if technology in _CARRIERS or any(word in context for word in _INCOMING):
        return "line"
    if is_number(peer) or any(word in peer.lower() for word in ("trunk", "provider", "gateway", "pstn")):
        return "line"
    return "line" if is_number(number) else "phone"


@lru_cache(maxsize=4096)
def _address(number: str, region: str) -> str:
    return phone(number, region) if is_number(number) else ""
