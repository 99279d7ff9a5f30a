"""What Prometheus is told about the bus."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from hub.contracts.base import Record

PUBLISHED = Counter("omnihub_bus_published_total", "Events published and confirmed", ["topic"])
HANDLED = Counter("omnihub_bus_handled_total", "Events handled and about to be committed", ["topic", "group"])
PARKED = Counter("omnihub_bus_parked_total", "Records parked as dead letters, by the topic they came from", ["topic"])
UNPARKED = Counter(
    "omnihub_bus_unparked_total", "Records neither handled nor parked: the log has their position", ["topic"]
)
LOST = Counter("omnihub_bus_lost_total", "Records that Kafka removed before the group read them", ["topic", "group"])
RETRIES = Counter("omnihub_bus_retries_total", "Batches tried again because something was down", ["topic", "group"])
HANDLING = Histogram("omnihub_bus_handling_seconds", "Time a handler took for a batch", ["topic", "group"])
LAG = Gauge("omnihub_bus_lag_records", "Records published and not yet handled", ["topic", "group"])


def count_published(records: Sequence[Record]) -> None:
    topics = [record.topic for record in records]
    for topic in set(topics):
        PUBLISHED.labels(topic).inc(topics.count(topic))
