"""Typed settings of the email service."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import ByteSize, Field, ValidationInfo, field_validator

from hub.kit.settings import Settings as Base


class Settings(Base):
    """Section `[email]`."""

    SECTION: ClassVar[str] = "email"

    poll_interval: timedelta = Field(
        default=timedelta(seconds=10), description="How often a server without IDLE is asked for new mail"
    )
    safety_poll: timedelta = Field(
        default=timedelta(seconds=60),
        le=timedelta(minutes=25),
        description="How often a mailbox is looked at beside IDLE; servers end an IDLE after 30 minutes",
    )
    pop_interval: timedelta = Field(
        default=timedelta(seconds=60),
        le=timedelta(minutes=25),
        description="How often a POP3 server is asked for new mail, but twice within silence; many refuse more",
    )
    max_mail_size: ByteSize = Field(
        default=ByteSize(50 * 2**20), description="Of a larger mail only the headers are kept, as a dead letter"
    )
    batch_mails: int = Field(default=200, ge=1, le=500, description="Mails taken over in one step, at most")
    batch_size: ByteSize = Field(
        default=ByteSize(8 * 2**20), description="Bytes taken over in one step; a larger mail goes alone"
    )
    parse_limit: timedelta = Field(
        default=timedelta(seconds=2),
        description="CPU time for reading a mail of up to 8 MiB (as much again for each 8 MiB); beyond it is parked",
    )
    trusted_authserv: tuple[str, ...] = Field(
        default=(),
        description="Servers (authserv-id) whose Authentication-Results are believed; empty: each mailbox's own, once"
        " it wrote them on 20 mails in a row over a week",
    )
    programs: bool = Field(default=False, description="Whether attachments that are programs are handed out")
    attachment_limit: ByteSize = Field(
        default=ByteSize(50 * 2**20), description="Larger attachments are not handed out; the raw mail has them"
    )
    timeout: timedelta = Field(default=timedelta(seconds=30), description="For an answer of a mail server")
    trial_timeout: timedelta = Field(
        default=timedelta(seconds=10), description="For the logins tried before a mailbox is saved"
    )
    dns_server: str = Field(
        default="", description="Name server that domains are looked up at, as 192.0.2.53:53; empty: this machine's"
    )
    ehlo_name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.-]*$",
        description="What the hub calls itself to mail servers (EHLO); empty: this machine's name, or its address",
    )
    mass_connections: int = Field(
        default=4, ge=1, le=50, description="Connections by which mailings leave from one mailbox at once"
    )
    reconnect_cap: timedelta = Field(
        default=timedelta(seconds=60), description="The longest pause between two tries to connect; the first is 1 s"
    )
    silence: timedelta = Field(
        default=timedelta(minutes=5),
        validate_default=True,
        description="A mailbox that could not be looked at for so long is red",
    )
    lease: timedelta = Field(
        default=timedelta(seconds=15), description="After so long another copy takes over from one that is gone"
    )
    retry_delays: tuple[timedelta, ...] = Field(
        default=(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1)),
        min_length=1,
        description="Pauses after a temporary refusal; the last one repeats",
    )
    give_up: timedelta = Field(
        default=timedelta(days=2), description="A mail refused temporarily for so long has failed"
    )
    smtp_idle: timedelta = Field(default=timedelta(seconds=30), description="An unused connection is closed after")
    copy_attempts: int = Field(default=5, ge=1, description="Tries to put a copy into the Sent folder")
    ca_file: Path | None = Field(
        default=None, description="Certificate authorities (PEM) to trust for mail servers, beside the system's"
    )

    @field_validator("silence")
    @classmethod
    def _longer_than_between_two_looks(cls, silence: timedelta, given: ValidationInfo) -> timedelta:
        """Else a mailbox that works turns red between two looks."""
        least = 2 * max(given.data.get("poll_interval", timedelta()), given.data.get("safety_poll", timedelta()))
        if silence < least:
            raise ValueError(f"must be at least {least}, twice the longer of poll_interval and safety_poll")
        return silence
