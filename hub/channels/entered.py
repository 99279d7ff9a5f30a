"""A stored secret goes only to where it was entered for: whoever may change an account does not get to know it so."""

from collections.abc import Mapping

from hub.kit.errors import InvalidInput

Place = Mapping[str, str | int]
"""What decides where a secret goes, and how well it is covered on the way, by the name of the field."""
_WEAK_TO_STRONG = ("plain", "starttls", "tls")


def check_entered(before: Place, after: Place, secrets: Mapping[str, bool], *, within: str = "") -> None:
    """`secrets` says of each field with a stored secret whether the same request brings it.

    `within` is the field that all of these are in, as `imap`.

    Raises:
        InvalidInput: a place is another, or less secure, and names the secrets that have to be given again.
    """
    path = f"{within}." if within else ""
    moved = [f"{path}{name}" for name in after if _differs(name, before.get(name, ""), after[name])]
    if not moved:
        return
    fix = f"required where {', '.join(moved)} changes: what is stored goes only to where it was entered for; give it"
    missing = {f"{path}{name}": fix for name, given in secrets.items() if not given}
    if missing:
        raise InvalidInput("; ".join(f"{name}: {fix}" for name, fix in missing.items()), fields=missing)


def _differs(name: str, before: str | int, after: str | int) -> bool:
    if name == "security" and before in _WEAK_TO_STRONG and after in _WEAK_TO_STRONG:
        return _WEAK_TO_STRONG.index(str(after)) < _WEAK_TO_STRONG.index(str(before))
    return before != after
