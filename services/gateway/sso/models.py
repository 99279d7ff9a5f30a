"""Who somebody is at the provider, and what that makes of him here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.kit import plain
from hub.kit.ids import derive

Claims = Mapping[str, Any]
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Of a verified token."""

    key: str
    """Of issuer and subject together: it alone says who he is, for ever."""
    login: str
    """What he would be called here; empty where the token does not say, or did not verify it."""
    name: str
    role: str | None
    """None: nobody is let in with what the token says."""
    factor: bool
    sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """How claims become logins and roles."""

    issuer: str
    roles: Sequence[tuple[str, str]]
    """A value of the claim and the name of a role; the first that fits counts."""
    default_role: str
    role_claim: str
    """With dots for what lies deeper: `realm_access.roles`."""
    login_claim: str
    factor_asked: bool
    """The provider always asks for a second factor."""

    def identity(self, claims: Claims) -> Identity:
        login = _word(claims.get(self.login_claim)).strip().lower()
        if self.login_claim == "email" and claims.get("email_verified") is not True:
            login = ""
        return Identity(
            key=self.key_of(str(claims["sub"])),
            login=login,
            name=plain.line(_word(claims.get("name")))[:_LONGEST].strip() or login,
            role=self._role(claims),
            factor=self.factor_asked or "mfa" in _words(claims.get("amr")),
            sid=self.session_of(claims.get("sid")),
        )

    def key_of(self, subject: str) -> str:
        return derive("sso", self.issuer, subject)

    def session_of(self, sid: object) -> str | None:
        return derive("sid", self.issuer, sid) if isinstance(sid, str) and sid else None

    def _role(self, claims: Claims) -> str | None:
        values = _words(_deep(claims, self.role_claim))
        return next((role for value, role in self.roles if value in values), self.default_role or None)


def pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    """`value=role`; the value may have further signs of equality. Raises ValueError, with the fix."""
    made = []
    for text in texts:
        value, _, role = text.rpartition("=")
        if not value.strip() or not role.strip():
            raise ValueError(f'{text!r}: write a value of the claim and a role, as "sales=operator"')
        made.append((value.strip(), role.strip()))
    return made


def _deep(claims: Claims, path: str) -> object:
    """A claim whose own name has the dots, as those that are URLs do, is found first."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _words(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str)]


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
