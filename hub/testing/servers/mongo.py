"""A server that speaks MongoDB's protocol, for tests: right about meaning, wrong about speed (it scans)."""

import socket
from contextlib import suppress
from pathlib import Path

from hub.channels.simulators.certificate import Certificate
from hub.testing.servers import jars
from hub.testing.servers.process import HOST, ServerProcess, free_ports, replies

_SOURCE = Path(__file__).parent / "mongo_jars" / "StandIn.java"
# OP_MSG with {ping: 1, $db: "a"} (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
_PING_BODY = bytes.fromhex("00000000 00 1a000000 10 70696e6700 01000000 02 24646200 02000000 6100 00")
_PING = (16 + len(_PING_BODY)).to_bytes(4, "little") + bytes.fromhex("01000000 00000000 dd070000") + _PING_BODY


class MongoServer(ServerProcess):
    """`start`, `stop`, `kill`, `pause`, `resume`; the port stays, and the data if they are kept in a file."""

    def __init__(self, folder: Path, *, in_file: bool, certificate: Certificate | None = None) -> None:
        (port,) = free_ports(1)
        self.url = f"mongodb://{HOST}:{port}"
        command = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", jars.jars("mongo"), str(_SOURCE), str(port)]
        command.append(str(folder / "data.h2") if in_file else "-")
        if certificate:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "key.pem").write_bytes(certificate.key)
            command += [str(folder / "key.pem"), str(certificate.write(folder / "certificate.pem"))]
        super().__init__(command, folder=folder, answers=lambda: _answers(port, certificate))


def _answers(port: int, certificate: Certificate | None) -> bool:
    if certificate is None:
        return replies(port, _PING)
    context = certificate.client_context()
    with (
        suppress(OSError),
        socket.create_connection((HOST, port), timeout=1.0) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        connection.sendall(_PING)
        return bool(connection.recv(1))
    return False


def missing() -> str | None:
    """Why the stand-in cannot run here, or nothing; fetches it if need be."""
    return jars.missing("mongo")


def start_mongo(folder: Path, *, in_file: bool = False, certificate: Certificate | None = None) -> MongoServer:
    """A fresh stand-in, ready to be used; also a context manager that stops it.

    `in_file` keeps the data over `stop` and `start`; `kill` may lose the last second, which MongoDB would not. With a
    certificate it speaks by TLS alone.

    Raises:
        jars.Missing: it cannot run on this machine.
    """
    server = MongoServer(folder.resolve(), in_file=in_file, certificate=certificate)
    server.start()
    return server
