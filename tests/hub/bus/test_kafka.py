"""The bus on Kafka passes the behaviour suite."""

from uuid import uuid4

import pytest

from hub.bus.kafka import KafkaBus
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.testing.bus_contract import BusContract
from hub.testing.servers.kafka import KafkaServer

pytestmark = [pytest.mark.connected, pytest.mark.slow]


class OneKafka:
    """Doors to one Kafka, with a topic and a group of their own."""

    def __init__(self, server: KafkaServer) -> None:
        self._server = server
        self.topic = f"letters-{uuid4().hex[:8]}"
        self.group = f"readers-{uuid4().hex[:8]}"

    def door(self) -> KafkaBus:
        topics = [Topic(self.topic, "sender", partitions=4), DEAD_LETTERS]
        return KafkaBus(self._server.bootstrap, "tests", SystemClock(), topics)


class TestKafkaBus(BusContract):
    @pytest.fixture
    def cluster(self, kafka_server: KafkaServer) -> OneKafka:
        return OneKafka(kafka_server)
