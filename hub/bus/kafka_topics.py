"""Makes the topics on Kafka as they are declared: partitions are added, retention is taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    NoError,
    TopicAlreadyExistsError,
    for_code,
)

from hub.contracts.park import DEAD_LETTER_BYTES
from hub.contracts.topics import Topic
from hub.kit.errors import ConfigurationError

_ENVELOPE_BYTES = 100_000
"""Room for Kafka's own framing beside the largest record."""


@dataclass(frozen=True, slots=True)
class Copies:
    """How many brokers keep each topic, and how many of them must have a record before it counts as written."""

    replication: int = 1
    min_insync: int = 1


ONE_COPY = Copies()


async def create_topics(admin: AIOKafkaAdminClient, topics: Sequence[Topic], copies: Copies) -> None:
    """Safe to repeat, and while others do the same.

    Raises:
        ConfigurationError: topics that are there have fewer copies than must have a record.
        KafkaError: not all are there.
    """
    configs = {topic.name: _config(topic, copies) for topic in topics}
    wanted = [
        NewTopic(topic.name, topic.partitions, copies.replication, topic_configs=configs[topic.name])
        for topic in topics
    ]
    try:
        answer = await admin.create_topics(wanted)
    except AttributeError as exc:
        # aiokafka 0.14 takes the controller from metadata in which a cluster that just starts has none.
        raise KafkaConnectionError("the cluster has no controller yet") from exc
    there = {name for name, error, *_ in answer.topic_errors if _created(error, name) is False}
    await _amend(admin, [topic for topic in topics if topic.name in there], configs, copies)
    await _seen(admin, topics)


def _created(code: int, name: str) -> bool:
    error = for_code(code)
    if error is TopicAlreadyExistsError:
        return False
    if error is InvalidReplicationFactorError:
        raise error(f"topic {name} could not be made: fewer brokers than [bus] replication says are there")
    if error is not NoError:
        raise error(f"topic {name} could not be made")
    return True


async def _amend(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], configs: Mapping[str, dict[str, str]], copies: Copies
) -> None:
    if not topics:
        return
    described = await _described(admin, topics)
    _check_copies(described, copies)
    partitions = {name: len(found) for name, found in described.items()}
    grown = {t.name: NewPartitions(t.partitions) for t in topics if 0 < partitions[t.name] < t.partitions}
    if grown:
        await admin.create_partitions(grown)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, t.name, configs[t.name]) for t in topics])


def _check_copies(described: Mapping[str, Sequence[Any]], copies: Copies) -> None:
    """Kafka takes no record for a topic that has fewer copies than must have it; only a person can add some."""
    fewest = {name: min((len(p["replicas"]) for p in found), default=0) for name, found in described.items()}
    if short := sorted(name for name, count in fewest.items() if 0 < count < copies.min_insync):
        raise ConfigurationError(
            f"[bus] min_insync is {copies.min_insync}, and {', '.join(short)} have fewer copies in Kafka; give them"
            " more with kafka-reassign-partitions, or lower min_insync"
        )


async def _seen(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    """A broker may not have heard yet of what the controller has made: who reads now would miss partitions."""
    partitions = {name: len(found) for name, found in (await _described(admin, topics)).items()}
    if late := [topic.name for topic in topics if partitions.get(topic.name, 0) < topic.partitions]:
        raise KafkaConnectionError(f"the brokers do not know all partitions of {', '.join(late)} yet")


async def _described(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, Sequence[Any]]:
    """The partitions of each."""
    described = await admin.describe_topics([topic.name for topic in topics])
    return {each["topic"]: each["partitions"] for each in described}


def _config(topic: Topic, copies: Copies) -> dict[str, str]:
    age = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    size = -1 if topic.retention_bytes is None else topic.retention_bytes
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(age),
        "retention.bytes": str(size),
        # The bus gives the time, as the embedded log does: a producer's clock must not decide what is kept.
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(copies.min_insync),
        "max.message.bytes": str(DEAD_LETTER_BYTES + _ENVELOPE_BYTES),
    }
