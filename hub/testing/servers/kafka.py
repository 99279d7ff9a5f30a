"""Apache Kafka for tests and benches: one node, KRaft, on 127.0.0.1."""

import subprocess
from pathlib import Path

from hub.testing.servers import jars
from hub.testing.servers.process import HOST, ServerProcess, free_ports, replies

# ApiVersions, version 0, correlation id 1, no client id (https://kafka.apache.org/protocol).
_API_VERSIONS = bytes.fromhex("0000000a 0012 0000 00000001 ffff")
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed may come back when its session is over.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
"""


class KafkaServer(ServerProcess):
    """`start`, `stop`, `kill`, `pause`, `resume`; the data and the ports stay until its folder is removed."""

    def __init__(self, folder: Path) -> None:
        self._classpath = jars.jars("kafka")
        self._settings = folder / "server.properties"
        port, controller = free_ports(2)
        self.bootstrap = f"{HOST}:{port}"
        folder.mkdir(parents=True, exist_ok=True)
        self._settings.write_text(_SETTINGS.format(host=HOST, port=port, controller=controller, folder=folder))
        super().__init__(
            ["java", "-Xmx512m", "-cp", self._classpath, "kafka.Kafka", str(self._settings)],
            folder=folder,
            answers=lambda: replies(port, _API_VERSIONS),
        )

    def format(self) -> None:
        """Makes the empty log."""
        self._tool("format", "-t", self._tool("random-uuid").split()[-1], "-c", str(self._settings))

    def _tool(self, *arguments: str) -> str:
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", self._classpath, "kafka.tools.StorageTool", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def missing() -> str | None:
    """Why Kafka cannot run here, or nothing; fetches it if need be."""
    return jars.missing("kafka")


def start_kafka(folder: Path) -> KafkaServer:
    """A fresh Kafka with its data in `folder`, ready to be used; also a context manager that stops it.

    Raises:
        jars.Missing: it cannot run on this machine.
    """
    server = KafkaServer(folder.resolve())
    server.format()
    server.start()
    return server
