"""All events of this version."""

from hub.contracts.base import Registry
from hub.contracts.channel import ChannelTurned
from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import (
    DeliveryRecorded,
    InteractionChanged,
    InteractionLinked,
    InteractionPlanned,
    InteractionReceived,
    SendMessage,
)
from hub.contracts.park import MessageParked, RawMailStored

REGISTRY = Registry(
    (
        InteractionReceived,
        InteractionLinked,
        InteractionPlanned,
        InteractionChanged,
        SendMessage,
        DeliveryRecorded,
        ClientOpened,
        ChainOpened,
        ChannelTurned,
        MessageParked,
        RawMailStored,
    )
)
