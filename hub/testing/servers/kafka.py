"""Apache Kafka for tests and benches: one node, KRaft, on 127.0.0.1."""

import subprocess
from pathlib import Path

from hub.channels.simulators.certificate import Certificate
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
_SECURE = """\
listeners=PLAINTEXT://{host}:{port},SASL_SSL://{host}:{secure},SHOWN://{host}:{shown},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port},SASL_SSL://{host}:{secure},SHOWN://{host}:{shown}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SHOWN:SSL
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/certificate.pem
listener.name.shown.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
"""
_MODULES = "org.apache.kafka.common.security"
USER, PASSWORD = "omnihub", "a password of the tests"
"""Of the door with SASL."""


class KafkaServer(ServerProcess):
    """`start`, `stop`, `kill`, `pause`, `resume`; the data and the ports stay until its folder is removed."""

    def __init__(self, folder: Path, *, certificate: Certificate | None = None) -> None:
        """With a certificate there are two doors more: one by TLS and SASL, one that wants it shown."""
        self._classpath = jars.jars("kafka")
        self._settings = folder / "server.properties"
        port, controller, secure, shown = free_ports(4)
        self.bootstrap = f"{HOST}:{port}"
        self.secure, self.shown = f"{HOST}:{secure}", f"{HOST}:{shown}"
        self._scram = certificate is not None
        folder.mkdir(parents=True, exist_ok=True)
        places = {"host": HOST, "port": port, "controller": controller, "folder": folder}
        settings = _SETTINGS.format(**places)
        if certificate:
            certificate.write(folder / "certificate.pem")
            (folder / "server.pem").write_bytes(certificate.key + certificate.certificate)
            # Of a name that stands twice, Java's properties take the last.
            settings += _SECURE.format(
                **places, secure=secure, shown=shown, user=USER, password=PASSWORD, modules=_MODULES
            )
        self._settings.write_text(settings)
        super().__init__(
            ["java", "-Xmx512m", "-cp", self._classpath, "kafka.Kafka", str(self._settings)],
            folder=folder,
            answers=lambda: replies(port, _API_VERSIONS),
        )

    def format(self) -> None:
        """Makes the empty log."""
        scram = ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"] if self._scram else []
        self._tool("format", "-t", self._tool("random-uuid").split()[-1], "-c", str(self._settings), *scram)

    def _tool(self, *arguments: str) -> str:
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", self._classpath, "kafka.tools.StorageTool", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def missing() -> str | None:
    """Why Kafka cannot run here, or nothing; fetches it if need be."""
    return jars.missing("kafka")


def start_kafka(folder: Path, *, certificate: Certificate | None = None) -> KafkaServer:
    """A fresh Kafka with its data in `folder`, ready to be used; also a context manager that stops it.

    With a certificate it has a door by TLS and SASL, and one that wants the certificate shown, beside the plain one.

    Raises:
        jars.Missing: it cannot run on this machine.
    """
    server = KafkaServer(folder.resolve(), certificate=certificate)
    server.format()
    server.start()
    return server
