"""The channels there are, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """One channel."""

    name: str
    """As in `InteractionReceived.channel` and before the colon of its addresses."""
    service: str
    """The service that speaks it; its `GET /channels` says how each account is."""
    account: str
    """What an account of it is called."""
    simulator: str
    """`module:Class` of what stands in for its providers."""

    @property
    def outbound(self) -> str:
        """The topic of what it shall send."""
        return f"outbound.{self.name}"

    @property
    def outbound_mass(self) -> str:
        """The topic of what it shall send as part of a mailing."""
        return f"outbound.mass.{self.name}"


CHANNELS = (
    ChannelSpec(
        name="email", service="email", account="mailbox", simulator="hub.channels.simulators.mail:MailSimulator"
    ),
    ChannelSpec(
        name="telegram",
        service="messaging",
        account="bot",
        simulator="hub.channels.simulators.telegram:TelegramSimulator",
    ),
    ChannelSpec(
        name="sms", service="messaging", account="number", simulator="hub.channels.simulators.twilio:TwilioSimulator"
    ),
    ChannelSpec(
        name="call",
        service="telephony",
        account="line",
        simulator="hub.channels.simulators.asterisk:AsteriskSimulator",
    ),
)


def channel(name: str) -> ChannelSpec:
    """The channel of this name; KeyError when there is none."""
    return {spec.name: spec for spec in CHANNELS}[name]
