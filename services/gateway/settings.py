"""The gateway's settings: who may try how often, how large a request may be, how long things are kept."""

from datetime import timedelta
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from hub.kit.settings import Settings as Section
from hub.kit.settings import Source
from services.gateway.access.hops import is_loopback_host, networks
from services.gateway.access.place import origin_of
from services.gateway.sso.models import pairs


class Settings(Section):
    """Section `[gateway]`."""

    SECTION: ClassVar[str] = "gateway"

    admin_password: SecretStr | None = Field(
        default=None,
        description="Of the first administrator, admin; also read from OMNIHUB_ADMIN_PASSWORD. Not set: made up and"
        " printed",
    )
    password_memory: int = Field(
        default=19 * 1024,
        ge=64,
        description="KiB that one hash of a password takes (argon2id); hashes made with another value stay valid",
    )
    session_lifetime: timedelta = Field(
        default=timedelta(hours=12),
        description="A session ends this long after the login",
    )
    tries_per_login: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one login from one address (or known device) within tries_window, then it"
        " is 429",
    )
    tries_per_address: int = Field(
        default=100,
        ge=1,
        description="The same for one address (IPv6: one /64), whatever the logins",
    )
    tries_anywhere: int = Field(
        default=100,
        ge=1,
        description="The same for one login, from all addresses at which it has not succeeded before",
    )
    tries_window: timedelta = Field(
        default=timedelta(minutes=15),
        description="The time in which the tries above are counted",
    )
    second_factor_roles: list[str] = Field(
        default_factory=list,
        description="Who has one of these roles, and no second factor yet, can set one up and do nothing else",
    )
    public_url: str = Field(
        default="",
        description="Where people open the hub, as https://hub.example.com: passkeys are bound to its host. Empty:"
        " on this machine alone, as http://localhost",
    )
    oidc_issuer: str = Field(
        default="",
        description="Provider of the single sign-on (OpenID Connect), as https://login.example.com/realms/shop;"
        " empty: none. In a private network it takes [hub] allowed_networks",
    )
    oidc_client_id: str = Field(
        default="",
        description="What this hub is called there; its redirect address is PUBLIC_URL/api/v1/sessions/oidc/callback",
    )
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Empty: a public client",
    )
    oidc_scopes: list[str] = Field(
        default=["openid", "profile", "email"],
        description="What is asked for there",
    )
    oidc_roles: list[str] = Field(
        default_factory=list,
        description="Value of oidc_role_claim, =, name of a role; the first that fits counts, at each login",
    )
    oidc_default_role: str = Field(
        default="",
        description="Role of those whom none fits; empty: they are not let in",
    )
    oidc_role_claim: str = Field(
        default="groups",
        description="Claim of the id token; dots lead deeper, as realm_access.roles",
    )
    oidc_login_claim: Literal["preferred_username", "email"] = Field(
        default="preferred_username",
        description="What becomes the login of who comes for the first time; an e-mail counts where it is verified",
    )
    oidc_link_by_login: bool = Field(
        default=False,
        description="Who comes for the first time with the login of an account that is here gets that account. Only"
        " where nobody chooses his login at the provider himself",
    )
    oidc_second_factor: bool = Field(
        default=False,
        description="The provider always asks for a second factor; else it counts where the token says so (amr has"
        " mfa)",
    )
    oidc_only: bool = Field(
        default=False,
        description="Passwords and passkeys let nobody in but oidc_break_glass",
    )
    oidc_break_glass: list[str] = Field(
        default=["admin"],
        description="Logins of administrators who get in also when the provider is down",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Who shows it as a bearer token sees /metrics and the reasons of /readyz; empty: who asks from"
        " this machine",
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="Networks of the proxies before the gateway, as 10.0.0.0/8; who calls is read from their"
        " proxy_header",
    )
    proxy_header: Literal["X-Forwarded-For", "Forwarded"] = Field(
        default="X-Forwarded-For",
        description="The header that the trusted proxies set, each adding who called it; they must not pass on a"
        " stranger's",
    )
    attachment_limit: int = Field(
        default=25 * 1024 * 1024,
        ge=1,
        description="Bytes of one uploaded file",
    )
    body_limit: int = Field(
        default=1024 * 1024,
        ge=1024,
        description="Bytes of any other request",
    )
    idempotency_window: timedelta = Field(
        default=timedelta(hours=24),
        description="How long the result of a write is kept under its Idempotency-Key",
    )
    live_events: int = Field(
        default=5000,
        ge=1,
        description="Events of the live stream kept in memory; a listener that is further behind is cut off, and"
        " resumes",
    )
    live_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1,
        description="The same in bytes",
    )
    live_waiting: int = Field(
        default=1024 * 1024,
        ge=1,
        description="Bytes of events that may come while a listener does not read; then his connection is aborted",
    )
    live_heartbeat: timedelta = Field(
        default=timedelta(seconds=15),
        description="A live stream on which nothing happens shows a sign of life this often",
    )
    peer_timeout: timedelta = Field(
        default=timedelta(seconds=60),
        description="How long another service may take to answer",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, texts: list[str]) -> list[str]:
        return [str(network) for network in networks(texts)]

    @field_validator("public_url")
    @classmethod
    def _origin(cls, text: str) -> str:
        return origin_of(text) if text.strip() else ""

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, text: str) -> str:
        if text and not text.startswith("https://") and not is_loopback_host(urlsplit(text).netloc):
            raise ValueError("must begin with https://, as the provider's own description of itself says it")
        return text

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, texts: list[str]) -> list[str]:
        pairs(texts)
        return texts

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer takes oidc_client_id beside it: what this hub is called there")
        if self.oidc_only and not self.oidc_issuer:
            raise ValueError("oidc_only takes oidc_issuer beside it, or nobody could log in")
        return self

    @classmethod
    def load(cls, source: Source, **overrides: Any) -> Self:
        """The section; OMNIHUB_ADMIN_PASSWORD counts where the section itself says nothing."""
        plain = source.variable("OMNIHUB_ADMIN_PASSWORD") or None
        if "admin_password" not in source.section(cls.SECTION):
            overrides.setdefault("admin_password", plain)
        return super().load(source, **overrides)
