"""Settings of the whole: where things are. Each service has its own beside its code."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ByteSize, Field, SecretStr, field_validator, model_validator

from hub.kit.settings import Settings


class HubSettings(Settings):
    """`[hub]`: the process itself."""

    SECTION: ClassVar[str] = "hub"

    data: Path = Field(default=Path("data"), description="Folder of the key file; embedded, of everything")
    host: str = Field(default="127.0.0.1", description="Address the API listens on")
    port: int = Field(
        default=8800,
        ge=0,
        le=65535,
        description="Port to listen on; 0 picks a free one. Not set: 8800, and for omnihub serve each service's own,"
        " as [peers] has them",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="What is logged")
    log_json: bool = Field(default=False, description="One JSON object a line instead of plain text")
    sandbox: bool = Field(
        default=False, description="Nothing leaves except to the simulators of this process; all else is suppressed"
    )
    held: bool = Field(
        default=False,
        description="Nothing is sent, everything waits; a file named held in the data folder does the same",
    )
    also: tuple[str, ...] = Field(
        default=(),
        description="Services beside the hub's own: name, the module with their build, and where they are served, as"
        " pigeons=ours.pigeons@http://127.0.0.1:8804",
    )
    allowed_networks: tuple[str, ...] = Field(
        default=(),
        description="Networks that are not public and that accounts may name all the same, as 10.1.0.0/16 where the"
        " company's mail server is; loopback is 127.0.0.0/8",
    )
    traces: str = Field(
        default="", description="OTLP/HTTP endpoint that traces go to, as http://127.0.0.1:4318; empty: none are made"
    )

    accept_loss: tuple[str, ...] = Field(
        default=(),
        description="Stores, or bus, that are started although they lost something; for one start alone",
    )
    connections: int = Field(default=4096, ge=16, description="HTTP connections that may be open at once")
    connections_per_address: int = Field(
        default=512,
        ge=1,
        description="Of those, from one address (IPv6: one /64); of a trusted proxy's callers, requests at once",
    )
    head_timeout: timedelta = Field(
        default=timedelta(seconds=10),
        gt=timedelta(),
        description="Within this time the head of a request must be whole",
    )
    body_timeout: timedelta = Field(
        default=timedelta(seconds=20),
        gt=timedelta(),
        description="Within each of these times a body must bring 1 KiB a second",
    )
    bodies: ByteSize = Field(
        default=ByteSize(256 * 2**20),
        ge=2**20,
        description="Bodies of requests in memory; one address has at most half of it",
    )

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(text for text in networks if text)  # an empty variable is one empty name
        for text in named:
            try:
                ip_network(text)
            except ValueError as exc:
                raise ValueError(f"{text!r} is no network ({exc}); write it as 10.1.0.0/16 or 10.1.2.3") from exc
        return named

    @field_validator("traces")
    @classmethod
    def _an_endpoint(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            known = False
        if url and not known:
            raise ValueError("not the address of an OTLP/HTTP collector; write it as http://127.0.0.1:4318")
        if url and (parts.username or parts.password or parts.query):
            raise ValueError("a login does not belong into it; put it into OTEL_EXPORTER_OTLP_HEADERS")
        return url


class GateSettings(Settings):
    """`[gate]`: what keeps mailings from people; it is never asked about anybody's own message."""

    SECTION: ClassVar[str] = "gate"

    quiet_hours: str = Field(
        default="",
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$",
        description="Mailings wait from and until these times of the recipient's day, as 21:00-09:00; empty: never",
    )
    time_zone: str = Field(
        default="Europe/Moscow", description="Of recipients whose own is not known (IANA name), for quiet_hours"
    )
    cap: int = Field(default=0, ge=0, description="Messages of mailings to one recipient in cap_period; 0: no limit")
    cap_period: timedelta = Field(default=timedelta(days=1), description="The period that cap is for")

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc


class BusSettings(Settings):
    """`[bus]`: the distributed footing's Kafka."""

    SECTION: ClassVar[str] = "bus"

    kafka: str = Field(default="127.0.0.1:9092", description="Bootstrap servers, comma separated")
    replication: int = Field(
        default=1, ge=1, le=9, description="Brokers that keep a copy of each topic the hub makes; 3 where there are 3"
    )
    min_insync: int = Field(
        default=1,
        ge=1,
        description="Of those, how many must have a record before it counts as written; 2 of 3",
    )
    tls: bool = Field(default=False, description="Whether Kafka is spoken to by TLS")
    ca_file: Path | None = Field(
        default=None, description="Certificate authorities (PEM) to trust for Kafka, instead of the system's"
    )
    certificate: Path | None = Field(
        default=None, description="Certificate (PEM) that the hub shows Kafka, where Kafka asks for one"
    )
    certificate_key: Path | None = Field(
        default=None, description="Its key (PEM), where it does not stand in the same file"
    )
    sasl: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="", description="How the hub logs in at Kafka; empty: it does not"
    )
    user: str = Field(default="", description="Who logs in at Kafka")
    password: SecretStr = Field(default=SecretStr(""), description="The password of that login")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.min_insync > self.replication:
            raise ValueError("min_insync is larger than replication: no record could ever be written")
        if (self.ca_file or self.certificate) and not self.tls:
            raise ValueError("ca_file and certificate are for TLS; set tls, too")
        if self.certificate_key and not self.certificate:
            raise ValueError("certificate_key takes certificate beside it")
        if bool(self.sasl) != bool(self.user and self.password.get_secret_value()):
            raise ValueError("sasl, user and password go together: set all of them, or none")
        return self


class StoreSettings(Settings):
    """`[store]`: the distributed footing's MongoDB."""

    SECTION: ClassVar[str] = "store"

    mongo: str = Field(
        default="mongodb://127.0.0.1:27017",
        description="Connection string, with user and password; sqlite keeps the store in the data folder",
    )
    database: str = Field(default="omnihub", description="Prefix of the databases, one for each service")
    tls: bool = Field(
        default=False, description="Whether MongoDB is spoken to by TLS; mongodb+srv:// does so by itself"
    )
    ca_file: Path | None = Field(
        default=None, description="Certificate authorities (PEM) to trust for MongoDB, instead of the system's"
    )
    certificate: Path | None = Field(
        default=None,
        description="Certificate and key (one PEM file) that the hub shows MongoDB, where it asks for one",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.ca_file or self.certificate) and not self.tls:
            raise ValueError("ca_file and certificate are for TLS; set tls, too")
        return self


class BlobSettings(Settings):
    """`[blobs]`: raw bytes and attachments."""

    SECTION: ClassVar[str] = "blobs"

    url: str = Field(
        default="", description="s3://bucket/prefix with the usual AWS_ variables, or a folder; empty: DATA/blobs"
    )


class PeerSettings(Settings):
    """`[peers]`: where the services find each other on the distributed footing."""

    SECTION: ClassVar[str] = "peers"

    interactions: str = Field(default="http://127.0.0.1:8801", description="Base URL of the interactions service")
    email: str = Field(default="http://127.0.0.1:8802", description="Base URL of the email service")
    messaging: str = Field(default="http://127.0.0.1:8803", description="Base URL of the messaging service")
    telephony: str = Field(default="http://127.0.0.1:8804", description="Base URL of the telephony service")
    campaigns: str = Field(default="http://127.0.0.1:8805", description="Base URL of the campaigns service")
    token: SecretStr = Field(
        default=SecretStr(""),
        description="Shared secret the services show each other; omnihub serve wants it, or token_file",
    )
    token_file: Path | None = Field(
        default=None,
        description="File that the token is read from; where there is none, one is made that has a random token",
    )


SECTIONS: tuple[type[Settings], ...] = (
    HubSettings,
    GateSettings,
    BusSettings,
    StoreSettings,
    BlobSettings,
    PeerSettings,
)
"""Of the settings file, beside one for each service."""


def own_port(service: str, url: str = "") -> int:
    """Where `omnihub serve` listens unless it is told: apart from the others, so that all run on one machine.

    `url` is where a service from outside the tree is served.
    """
    peer = PeerSettings.model_fields.get(service)
    port: int = urlsplit(str(peer.default) if peer else url).port or HubSettings.model_fields["port"].default
    return port
