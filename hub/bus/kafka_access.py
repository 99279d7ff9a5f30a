"""How Kafka is reached: where it is, TLS, who logs in; the same for every client that is made."""

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from hub.kit.errors import ConfigurationError

Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
_LOOK_MILLISECONDS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """By SASL."""

    mechanism: Mechanism
    user: str
    password: str = field(repr=False)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }


@dataclass(frozen=True, slots=True)
class Access:
    """Handed to producer, consumers and administration alike."""

    bootstrap: str
    """`host:port`, several separated by commas."""
    tls: ssl.SSLContext | None = None
    login: Login | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Of any of aiokafka's clients."""
        return {"bootstrap_servers": self.bootstrap, **self._connection}

    @property
    def _connection(self) -> dict[str, Any]:
        transport = "SSL" if self.tls else "PLAINTEXT"
        protocol = f"SASL_{transport}" if self.login else transport
        login = self.login.options if self.login else {}
        return {"security_protocol": protocol, "ssl_context": self.tls, **login}

    async def trouble(self) -> str:
        """What stands between us and the servers, with the setting to look at; empty: one of them lets us in.

        aiokafka tells only that it could not connect, whatever the reason.
        """
        told = []
        for host, port, _ in collect_hosts(self.bootstrap, randomize=False):
            try:
                connection = await create_conn(
                    host, port, client_id="omnihub", request_timeout_ms=_LOOK_MILLISECONDS, **self._connection
                )
            except (KafkaError, OSError) as exc:
                told.append(f"{host}:{port} {self._words(exc)}")
            else:
                connection.close()
                return ""
        return "; ".join(told)

    def _words(self, exc: Exception) -> str:
        match exc:
            case ssl.SSLCertVerificationError():
                return f"shows a certificate that is not trusted ({exc.verify_message}): see [bus] ca_file"
            case ssl.SSLError():
                return f"does not agree on TLS ({exc.reason}): see [bus] tls, certificate and certificate_key"
            case SaslAuthenticationFailed() | AuthenticationFailedError():
                return "refuses the login: see [bus] user and password"
            case UnsupportedSaslMechanismError() | IllegalSaslStateError():
                return "does not know this way to log in: see [bus] sasl"
            case KafkaError() | ConnectionResetError() | TimeoutError():
                begun, look = ("without TLS", "tls") if self.tls is None else ("by TLS", "tls, certificate")
                return f"ends what was begun {begun} ({_named(exc)}): see [bus] {look} and sasl"
            case _:
                return f"cannot be reached ({_named(exc)}): see [bus] kafka"


def tls_context(*, ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Trusts the authorities of `ca_file` alone, else the system's; shows `certificate` where one is asked for.

    Raises:
        ConfigurationError: names the setting whose file is not there, or holds something else.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigurationError(f"[bus] ca_file {ca_file}: {_named(exc)}; it holds certificates in PEM") from exc
    if certificate:
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigurationError(
                f"[bus] certificate {certificate}: {_named(exc)}; it and certificate_key are PEM and belong together"
            ) from exc
    return context


def _named(exc: BaseException) -> str:
    with suppress(AttributeError):
        if told := getattr(exc, "reason", None) or getattr(exc, "strerror", None):
            return str(told)
    return str(exc) or type(exc).__name__
