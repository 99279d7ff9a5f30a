"""Makes the topics on Kafka as they are declared: partitions are added, retention is taken over."""

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, NoError, TopicAlreadyExistsError, for_code

from hub.contracts.park import DEAD_LETTER_BYTES
from hub.contracts.topics import Topic

_ENVELOPE_BYTES = 100_000
"""Room for Kafka's own framing beside the largest record."""


async def create_topics(admin: AIOKafkaAdminClient, topics: Sequence[Topic], *, replication: int) -> None:
    """Safe to repeat, and while others do the same.

    Raises:
        KafkaError: not all are there.
    """
    wanted = [NewTopic(topic.name, topic.partitions, replication, topic_configs=_config(topic)) for topic in topics]
    try:
        answer = await admin.create_topics(wanted)
    except AttributeError as exc:
        # aiokafka 0.14 takes the controller from metadata in which a cluster that just starts has none.
        raise KafkaConnectionError("the cluster has no controller yet") from exc
    there = {name for name, error, *_ in answer.topic_errors if _created(error, name) is False}
    await _amend(admin, [topic for topic in topics if topic.name in there])
    await _seen(admin, topics)


def _created(code: int, name: str) -> bool:
    error = for_code(code)
    if error is TopicAlreadyExistsError:
        return False
    if error is not NoError:
        raise error(f"topic {name} could not be made")
    return True


async def _amend(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    if not topics:
        return
    partitions = await _partitions(admin, topics)
    grown = {t.name: NewPartitions(t.partitions) for t in topics if 0 < partitions[t.name] < t.partitions}
    if grown:
        await admin.create_partitions(grown)
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, t.name, _config(t)) for t in topics])


async def _seen(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    """A broker may not have heard yet of what the controller has made: who reads now would miss partitions."""
    partitions = await _partitions(admin, topics)
    if late := [topic.name for topic in topics if partitions.get(topic.name, 0) < topic.partitions]:
        raise KafkaConnectionError(f"the brokers do not know all partitions of {', '.join(late)} yet")


async def _partitions(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, int]:
    described = await admin.describe_topics([topic.name for topic in topics])
    return {each["topic"]: len(each["partitions"]) for each in described}


def _config(topic: Topic) -> dict[str, str]:
    age = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    size = -1 if topic.retention_bytes is None else topic.retention_bytes
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(age),
        "retention.bytes": str(size),
        # The bus gives the time, as the embedded log does: a producer's clock must not decide what is kept.
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(DEAD_LETTER_BYTES + _ENVELOPE_BYTES),
    }
