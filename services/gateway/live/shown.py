"""What of an event the live stream shows, and to whom: views without blob keys, and filters."""

from dataclasses import dataclass

from hub.contracts.base import Record
from hub.contracts.client import ChainOpened, ClientOpened
from hub.contracts.interaction import InteractionChanged, InteractionLinked, InteractionPlanned
from hub.contracts.job import JobProgressed
from hub.contracts.park import ONLY_GROUP
from hub.contracts.shown import ChainView, ClientView, InteractionView, View
from hub.jobs.models import JobView
from hub.kit.log import Log

log = Log(__name__)


class InteractionEvent(View):
    """Data of `interaction.linked.v1`, `interaction.planned.v1` and `interaction.changed.v1`."""

    interaction: InteractionView

    def about(self) -> "About":
        shown = self.interaction
        return About(channel=shown.channel, chain_id=shown.chain_id, client_id=shown.client_id)


class ClientEvent(View):
    """Data of `client.opened.v1`."""

    client: ClientView

    def about(self) -> "About":
        return About(client_id=self.client.id)


class ChainEvent(View):
    """Data of `chain.opened.v1`."""

    chain: ChainView

    def about(self) -> "About":
        return About(chain_id=self.chain.id, client_id=self.chain.client_id)


class JobEvent(JobView):
    """Data of `job.progressed.v1`."""

    revision: int
    """Of two, the higher one is newer."""

    def about(self) -> "About":
        return About()


_VIEWS: dict[str, type[InteractionEvent] | type[ClientEvent] | type[ChainEvent] | type[JobEvent]] = {
    InteractionLinked.TYPE: InteractionEvent,
    InteractionPlanned.TYPE: InteractionEvent,
    InteractionChanged.TYPE: InteractionEvent,
    ClientOpened.TYPE: ClientEvent,
    ChainOpened.TYPE: ChainEvent,
    JobProgressed.TYPE: JobEvent,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an event is about, or what a listener wants to hear about; none is anything."""

    channel: str | None = None
    chain_id: str | None = None
    client_id: str | None = None

    def wants(self, other: "About") -> bool:
        return (
            self.channel in (None, other.channel)
            and self.chain_id in (None, other.chain_id)
            and self.client_id in (None, other.client_id)
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as it is sent."""

    type: str
    data: str
    """JSON on one line."""
    about: About


def shown(record: Record) -> Shown | None:
    """None for what is left out: what this version does not know, and what is replayed for one group."""
    headers = dict(record.headers)
    event_type = headers.get("ce_type", b"").decode(errors="replace")
    view_class = _VIEWS.get(event_type)
    if view_class is None or ONLY_GROUP in headers:
        return None
    try:
        view = view_class.model_validate_json(record.value)
    except ValueError:
        log.warning("live.unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
        return None
    return Shown(event_type, view.model_dump_json(), view.about())
