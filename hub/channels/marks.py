"""Signed addresses in mailings: they say all that is needed, so that nothing is looked up where they lead.

Each is signed with the key of its mailing, which is derived from the hub's: whoever changes a byte leads nowhere, and
nobody can make one that leads to a place of his own. Keyed BLAKE2b (RFC 7693), 12 bytes of it.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b

PREFIX = "/m"
"""Of all pages that customers see; the gateway lets them in without a login."""
_DIGEST = 12
_MARK = re.compile(r"([a-z]{2,4}_[0-9a-f]{32})-(\d{1,9})(?:-(\d{1,4}))?-([A-Za-z0-9_-]{16})")


@dataclass(frozen=True, slots=True)
class Mark:
    """Who did it, as an address says."""

    mailing: str
    recipient: int
    link: int | None = None
    """Which of the links; none: it is no link."""

    @property
    def row(self) -> str:
        """Id of the recipient's row in the ledger."""
        return row_id(self.mailing, self.recipient)


def row_id(mailing: str, recipient: int) -> str:
    return f"{mailing}-{recipient}"


def mailing_key(master: bytes, mailing: str) -> bytes:
    """The key that signs the addresses of one mailing."""
    return blake2b(mailing.encode(), key=master[:64], digest_size=32, person=b"mailing").digest()


def click_url(base: str, key: bytes, mailing: str, recipient: int, link: int, url: str) -> str:
    """The address by which somebody goes to `url`."""
    target = urlsafe_b64encode(url.encode()).rstrip(b"=").decode()
    told = f"{mailing}-{recipient}-{link}"
    return f"{base}{PREFIX}/l/{told}-{_signed(key, b'l', told, target)}/{target}"


def open_url(base: str, key: bytes, mailing: str, recipient: int) -> str:
    """The address of the picture of one point."""
    told = f"{mailing}-{recipient}"
    return f"{base}{PREFIX}/o/{told}-{_signed(key, b'o', told)}"


def page_url(base: str, key: bytes, name: str, mailing: str, recipient: int) -> str:
    """The address of a page of somebody's: `unsubscribe`, `preferences`, `view`."""
    told = f"{mailing}-{recipient}"
    return f"{base}{PREFIX}/{name[0]}/{told}-{_signed(key, name[:1].encode(), told)}"


def read_click(master: bytes, mark: str, target: str) -> tuple[Mark, str] | None:
    """Whose click it is and where it leads; none: we did not make it."""
    found = _read(master, b"l", mark, target)
    if found is None or found.link is None:
        return None
    try:
        return found, urlsafe_b64decode(target + "=" * (-len(target) % 4)).decode()
    except ValueError:
        return None


def read_mark(master: bytes, kind: str, mark: str) -> Mark | None:
    """Whose it is; `kind` is the first letter of the page's name, or `o`. None: we did not make it."""
    found = _read(master, kind[:1].encode(), mark)
    return found if found and found.link is None else None


def _read(master: bytes, kind: bytes, mark: str, *more: str) -> Mark | None:
    match = _MARK.fullmatch(mark)
    if match is None:
        return None
    mailing, recipient, link, signature = match.groups()
    told = mark[: -len(signature) - 1]
    if not hmac.compare_digest(signature, _signed(mailing_key(master, mailing), kind, told, *more)):
        return None
    return Mark(mailing, int(recipient), int(link) if link else None)


def _signed(key: bytes, kind: bytes, told: str, target: str = "") -> str:
    signature = blake2b(f"{told}/{target}".encode(), key=key, digest_size=_DIGEST, person=kind).digest()
    return urlsafe_b64encode(signature).decode()
