"""The gateway's settings: who may try how often, how large a request may be, how long things are kept."""

from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator

from hub.kit.settings import Settings as Section
from hub.kit.settings import Source
from services.gateway.access.hops import networks
from services.gateway.access.place import origin_of


class Settings(Section):
    """Section `[gateway]`."""

    SECTION: ClassVar[str] = "gateway"

    admin_password: SecretStr | None = None
    """Of the first administrator, `admin`; also read from OMNIHUB_ADMIN_PASSWORD. None: made up and printed."""
    password_memory: int = Field(default=19 * 1024, ge=64)
    """KiB that one hash of a password takes (argon2id); hashes made with another value stay valid."""
    session_lifetime: timedelta = timedelta(hours=12)
    """A session ends this long after the login."""
    tries_per_login: int = Field(default=10, ge=1)
    """Wrong passwords for one login from one address (or known device) within `tries_window`, then it is 429."""
    tries_per_address: int = Field(default=100, ge=1)
    """The same for one address (IPv6: one /64), whatever the logins."""
    tries_anywhere: int = Field(default=100, ge=1)
    """The same for one login, from all addresses at which it has not succeeded before."""
    tries_window: timedelta = timedelta(minutes=15)
    second_factor_roles: list[str] = Field(default_factory=list)
    """Who has one of these roles, and no second factor yet, can set one up and do nothing else."""
    public_url: str = ""
    """Where people open the hub, as https://hub.example.com: passkeys are bound to its host. Empty: on this machine
    alone, as http://localhost."""
    metrics_token: SecretStr = SecretStr("")
    """Who shows it as a bearer token sees /metrics and the reasons of /readyz; empty: who asks from this machine."""
    trusted_proxies: list[str] = Field(default_factory=list)
    """Networks of the proxies before the gateway, as 10.0.0.0/8; who calls is read from their `proxy_header`."""
    proxy_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    """The header that the trusted proxies set, each adding who called it; they must not pass on a stranger's."""
    attachment_limit: int = Field(default=25 * 1024 * 1024, ge=1)
    """Bytes of one uploaded file."""
    body_limit: int = Field(default=1024 * 1024, ge=1024)
    """Bytes of any other request."""
    idempotency_window: timedelta = timedelta(hours=24)
    """How long the result of a write is kept under its Idempotency-Key."""
    live_events: int = Field(default=5_000, ge=1)
    """Events of the live stream kept in memory; a listener that is further behind is cut off, and resumes."""
    live_bytes: int = Field(default=16 * 1024 * 1024, ge=1)
    """The same in bytes."""
    live_waiting: int = Field(default=1024 * 1024, ge=1)
    """Bytes of events that may come while a listener does not read; then his connection is aborted."""
    live_heartbeat: timedelta = timedelta(seconds=15)
    peer_timeout: timedelta = timedelta(seconds=60)
    """How long another service may take to answer."""

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, texts: list[str]) -> list[str]:
        return [str(network) for network in networks(texts)]

    @field_validator("public_url")
    @classmethod
    def _origin(cls, text: str) -> str:
        return origin_of(text) if text.strip() else ""

    @classmethod
    def load(cls, source: Source, **overrides: Any) -> Self:
        """The section; OMNIHUB_ADMIN_PASSWORD counts where the section itself says nothing."""
        plain = source.variable("OMNIHUB_ADMIN_PASSWORD") or None
        if "admin_password" not in source.section(cls.SECTION):
            overrides.setdefault("admin_password", plain)
        return super().load(source, **overrides)
