"""All events of this version."""

from hub.contracts.address import AddressChanged, ConsentRecorded, ReachabilityRecorded
from hub.contracts.agent import AgentChanged, BoardMoved
from hub.contracts.base import Registry
from hub.contracts.campaign import HitRecorded, MailedRecorded, ResponsesRecorded, SegmentMoved
from hub.contracts.channel import ChannelTurned
from hub.contracts.client import ChainChanged, ChainOpened, ClientChanged, ClientOpened
from hub.contracts.draft import DraftMoved
from hub.contracts.employee import EmployeesListed, LoginLocked
from hub.contracts.interaction import (
    AttachmentFetched,
    CallChanged,
    DeliveryRecorded,
    GroupChanged,
    InteractionChanged,
    InteractionLinked,
    InteractionPlanned,
    InteractionReceived,
    InteractionReread,
    InteractionRevised,
    ReactionRecorded,
    SendMessage,
    SendPage,
)
from hub.contracts.job import JobProgressed
from hub.contracts.lead import (
    CostChanged,
    PaymentChanged,
    PlanChanged,
    RateChanged,
    SourceChanged,
    TouchRecorded,
    VisitorKnown,
)
from hub.contracts.notice import NoticeGiven
from hub.contracts.notification import NotificationChanged, NotificationGiven
from hub.contracts.outcome import OutcomeChanged, OutcomeOpened
from hub.contracts.park import MessageParked, RawMailStored, RawPayloadStored
from hub.contracts.ring import CallRinging
from hub.contracts.task import Reminded, TaskChanged, TaskOpened

REGISTRY = Registry(
    (
        InteractionReceived,
        InteractionLinked,
        InteractionPlanned,
        InteractionChanged,
        SendMessage,
        SendPage,
        DeliveryRecorded,
        GroupChanged,
        ClientOpened,
        ClientChanged,
        ChainOpened,
        ChainChanged,
        AddressChanged,
        ChannelTurned,
        MessageParked,
        RawMailStored,
        RawPayloadStored,
        InteractionRevised,
        InteractionReread,
        AttachmentFetched,
        ReactionRecorded,
        CallChanged,
        ReachabilityRecorded,
        ConsentRecorded,
        EmployeesListed,
        LoginLocked,
        JobProgressed,
        SourceChanged,
        TouchRecorded,
        VisitorKnown,
        CostChanged,
        PaymentChanged,
        RateChanged,
        PlanChanged,
        CallRinging,
        AgentChanged,
        BoardMoved,
        TaskOpened,
        TaskChanged,
        Reminded,
        NoticeGiven,
        NotificationGiven,
        NotificationChanged,
        DraftMoved,
        OutcomeOpened,
        OutcomeChanged,
        HitRecorded,
        ResponsesRecorded,
        SegmentMoved,
        MailedRecorded,
    )
)
