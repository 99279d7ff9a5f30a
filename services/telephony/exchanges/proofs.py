"""How what is posted proves whom it is from: pure, compared in constant time."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from ipaddress import ip_address, ip_network

from services.telephony.exchanges.models import WebhookInput
from services.telephony.exchanges.presets import PRESETS

TOKEN_HEADER, SIGNATURE_HEADER = "x-hub-token", "x-hub-signature"
HEADERS = (TOKEN_HEADER, SIGNATURE_HEADER, "authorization", "signature")
"""Headers in which a call may prove whom it is from."""
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call shows of itself."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    form: Form
    """Its fields, where it is a form."""


def comes_from(address: str, networks: Sequence[str]) -> bool:
    """Whether a network address is one of those; all are where none is said."""
    if not networks:
        return True
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    return any(caller in ip_network(network) for network in networks)


def is_proven(given: WebhookInput, shown: Shown) -> bool:
    """Whether a call shows what only the provider knows."""
    check = given.check or (PRESETS[given.provider].check if given.provider else "token")
    return _CHECKS[check](given, shown)


def _token(given: WebhookInput, shown: Shown) -> bool:
    bearer = shown.headers.get("authorization", "").removeprefix("Bearer ")
    tokens = (shown.headers.get(TOKEN_HEADER, ""), shown.query.get("token", ""), bearer)
    return any(_same(token, _secret(given)) for token in tokens)


def _form_token(given: WebhookInput, shown: Shown) -> bool:
    """MegaFon writes it into the form."""
    return _same(shown.form.get("crm_token", ""), _secret(given))


def _signed(digest: Callable[..., object]) -> Callable[[WebhookInput, Shown], bool]:
    def check(given: WebhookInput, shown: Shown) -> bool:
        wanted = hmac.new(_secret(given).encode(), shown.raw, digest).hexdigest()  # type: ignore[arg-type]
        told = shown.headers.get(SIGNATURE_HEADER, "") or shown.headers.get("signature", "")
        return _same(told.rpartition("=")[2].lower(), wanted)

    return check


def _mango(given: WebhookInput, shown: Shown) -> bool:
    """SHA-256 of key, JSON and salt, as it is posted."""
    text = f"{given.key}{shown.form.get('json', '')}{_secret(given)}"
    right_key = _same(shown.form.get("vpbx_api_key", ""), given.key)
    return _same(shown.form.get("sign", "").lower(), sha256(text.encode()).hexdigest()) and right_key


_ZADARMA = {
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
}
"""What of a notification is signed, where it is not the rule."""


def _zadarma(given: WebhookInput, shown: Shown) -> bool:
    """The hexadecimal HMAC-SHA-1 of some fields, in base 64."""
    names = _ZADARMA.get(shown.form.get("event", ""), ("caller_id", "called_did", "call_start"))
    text = "".join(shown.form.get(name, "") for name in names)
    digest = hmac.new(_secret(given).encode(), text.encode(), sha1).hexdigest()
    return _same(shown.headers.get("signature", ""), b64encode(digest.encode()).decode())


_CHECKS: Mapping[str, Callable[[WebhookInput, Shown], bool]] = {
    "token": _token,
    "form-token": _form_token,
    "hmac-sha256": _signed(sha256),
    "hmac-sha1": _signed(sha1),
    "mango": _mango,
    "zadarma": _zadarma,
}


def _secret(given: WebhookInput) -> str:
    return given.secret.get_secret_value()


def _same(told: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(told.encode(), wanted.encode())
