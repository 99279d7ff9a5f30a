"""What about a mail should make its reader careful: pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.contracts.bounce import Authentication, Caution, CautionKind
from services.email.mime import identity, lookalike
from services.email.mime.model import Address, Mail

_ADDRESS_IN_NAME = re.compile(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+\.[^\s<>()\"',;:]+")
_NO_LETTERS = re.compile(r"[\W_]+")
_TWINS = str.maketrans("авекмнорстухіјѕ", "abekmhopctyxijs")
"""Cyrillic letters and the Latin ones they look like."""
_SHORTEST = 5
"""Letters of a name that is worth a warning: `Anna` may be anybody."""
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Ours:
    """What belongs to us: normalised addresses of our mailboxes, and the names of those who work here."""

    addresses: frozenset[str]
    names: frozenset[str] = frozenset()
    """As `skeleton` makes them."""

    @classmethod
    def of(cls, addresses: Iterable[str], names: Iterable[str]) -> "Ours":
        skeletons = (skeleton(name) for name in names)
        return cls(frozenset(addresses), frozenset(one for one in skeletons if len(one) >= _SHORTEST))


def skeleton(name: str) -> str:
    """Equal for names that look alike: letters only, of one case, Cyrillic twins as Latin, words in any order."""
    words = _NO_LETTERS.sub(" ", lookalike.visible(name).casefold().translate(_TWINS)).split()
    return " ".join(sorted(words))


def warnings_of(mail: Mail, ours: Ours, authentication: Authentication | None) -> tuple[Caution, ...]:
    """Nothing for mail that comes from ourselves, unless our server says that it does not."""
    if mail.from_ is None:
        return ()
    sender = identity.normalise_address(mail.from_.address)
    seen: list[tuple[CautionKind, str]] = list(_failed(authentication))
    if sender not in ours.addresses:
        seen += _borrowed(mail.from_, sender, ours)
    seen += _elsewhere(mail, sender, ours)
    seen += _deceiving(mail)
    return tuple(Caution(kind=kind, text=text[:_WORDS]) for kind, text in seen)


def _failed(authentication: Authentication | None) -> Iterator[tuple[CautionKind, str]]:
    """A failed DMARC; without one, SPF and DKIM of which none passed and one failed."""
    if authentication is None:
        return
    checks = {name: getattr(authentication, name) for name in ("dmarc", "spf", "dkim")}
    alone = checks["dmarc"] in (None, "none") and "pass" not in (checks["spf"], checks["dkim"])
    failed = [name for name, verdict in checks.items() if verdict == "fail" and (name == "dmarc" or alone)]
    if authentication.smime == "fail":
        yield "authentication", "the S/MIME signature does not fit: the letter was changed since it was signed"
    if failed:
        yield "authentication", f"{authentication.authserv_id} says: {', '.join(f'{name}=fail' for name in failed)}"


def _borrowed(sender: Address, address: str, ours: Ours) -> Iterator[tuple[CautionKind, str]]:
    """A name that is one of ours, or an address in the name that is not the sender's."""
    found = _ADDRESS_IN_NAME.search(sender.name)
    named = identity.normalise_address(found[0]) if found else ""
    if named and named in ours.addresses:
        yield "own_address", f"{found[0] if found else ''} in the name of {sender.address}"
    elif named and named.rpartition("@")[2] != address.rpartition("@")[2]:
        yield "other_address", f"{found[0] if found else ''} in the name of {sender.address}"
    elif sender.name and skeleton(sender.name) in ours.names:
        yield "own_name", f"{sender.name} works here, {sender.address} is not ours"


def _elsewhere(mail: Mail, sender: str, ours: Ours) -> Iterator[tuple[CautionKind, str]]:
    for wanted in mail.reply_to:
        address = identity.normalise_address(wanted.address)
        if address and address not in ours.addresses and _domain(address) != _domain(sender):
            yield "reply_elsewhere", f"answers would go to {wanted.address}"
            return


def _deceiving(mail: Mail) -> Iterator[tuple[CautionKind, str]]:
    for person in (mail.from_, *mail.reply_to):
        address = identity.normalise_address(person.address) if person else ""
        if lookalike.is_mixed(address):
            yield "mixed_scripts", f"the domain is {lookalike.shown(address).rpartition('@')[2]}"
            break
    names = [mail.from_.name if mail.from_ else "", mail.subject, *(part.filename or "" for part in mail.attachments)]
    if any(map(lookalike.hides, names)):
        yield "hidden_characters", "in the name, the subject or a file name; they are left out here"


def _domain(address: str) -> str:
    """The last two labels, which is near enough to whom it belongs."""
    return ".".join(address.rpartition("@")[2].split(".")[-2:])
