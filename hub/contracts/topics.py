"""The topics: partitions, key and retention as data, created at start on both footings."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `retention` none keeps for ever; the embedded log keeps what its slowest group has not read."""

    name: str
    key: str
    """What its records are keyed by, for the reader of docs/events.md."""
    partitions: int = 8
    retention: timedelta | None = timedelta(days=30)
    retention_bytes: int | None = None
    """For each partition; none is without limit."""


INBOUND = Topic("inbound", "address of the sender")
RAW_EMAIL = Topic("raw.email", "mailbox id")
RAW_TELEGRAM = Topic("raw.telegram", "bot id")
RAW_SMS = Topic("raw.sms", "number id")
RAW_CALL = Topic("raw.call", "exchange id")
OUTBOUND_EMAIL = Topic("outbound.email", "mailbox id")
OUTBOUND_TELEGRAM = Topic("outbound.telegram", "bot id")
OUTBOUND_SMS = Topic("outbound.sms", "number id")
OUTBOUND_CALL = Topic("outbound.call", "line id")
OUTBOUND_MASS_EMAIL = Topic("outbound.mass.email", "mailbox id")
OUTBOUND_MASS_TELEGRAM = Topic("outbound.mass.telegram", "bot id")
OUTBOUND_MASS_SMS = Topic("outbound.mass.sms", "number id")
OUTBOUND_MASS_CALL = Topic("outbound.mass.call", "line id")
GROUPS = Topic("groups", "mailing or call list", retention=None)
DELIVERY = Topic("delivery", "interaction id")
DELIVERY_MASS = Topic("delivery.mass", "id of the message")
INTERACTIONS = Topic("interactions", "client id", retention=None)
CHAINS = Topic("chains", "client id", retention=None)
CLIENTS = Topic("clients", "client id", retention=None)
ADDRESSES = Topic("addresses", "address", retention=None)
TASKS = Topic("tasks", "task id", retention=None)
RINGS = Topic("rings", "login of the employee", retention=timedelta(days=7))
AGENTS = Topic("agents", "login of the employee, or `board`", retention=timedelta(days=7))
OUTCOMES = Topic("outcomes", "client id", retention=None)
NOTICES = Topic("notices", "what the notice is about, or login of the employee")
CHANNELS = Topic("channels", "mailbox, bot or number id", partitions=1)
EMPLOYEES = Topic("employees", "always the same", partitions=1)
ACCESS = Topic("access", "always the same", partitions=1)
CAMPAIGNS = Topic("campaigns", "mailing, segment or address", retention=None)
LEADS = Topic("leads", "source, client, address, visitor or currency", retention=None)
TRACKING = Topic("tracking", "recipient's row")
JOBS = Topic("jobs", "job id", retention=timedelta(days=7))
DEAD_LETTERS = Topic("dead-letters", "topic the record came from", partitions=1, retention=None)

TOPICS = (
    INBOUND,
    RAW_EMAIL,
    RAW_TELEGRAM,
    RAW_SMS,
    RAW_CALL,
    OUTBOUND_EMAIL,
    OUTBOUND_TELEGRAM,
    OUTBOUND_SMS,
    OUTBOUND_CALL,
    OUTBOUND_MASS_EMAIL,
    OUTBOUND_MASS_TELEGRAM,
    OUTBOUND_MASS_SMS,
    OUTBOUND_MASS_CALL,
    GROUPS,
    DELIVERY,
    DELIVERY_MASS,
    INTERACTIONS,
    CHAINS,
    CLIENTS,
    ADDRESSES,
    TASKS,
    RINGS,
    AGENTS,
    OUTCOMES,
    NOTICES,
    CHANNELS,
    EMPLOYEES,
    ACCESS,
    CAMPAIGNS,
    LEADS,
    TRACKING,
    JOBS,
    DEAD_LETTERS,
)
