"""A hub as real processes, for journeys and fault tests: embedded in one, or distributed over several."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

import hub
from hub.describe import forget
from hub.process import SERVICES
from hub.testing.forked import ForkedHub
from hub.testing.outside import OPEN
from hub.testing.servers.process import HOST, Process, ServerProcess, free_ports
from hub.testing.waiting import PATIENCE

ROOT = Path(hub.__file__).parent.parent
PASSWORD = "a password of the tests"
_EVERYWHERE = {"PYTHONPATH": str(ROOT), "OMNIHUB_ADMIN_PASSWORD": PASSWORD, **OPEN}


class HubProcess(ServerProcess):
    """`omnihub ARGUMENTS`, ready when its description file has the fact that it writes last."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        file: Path,
        fact: str,
        environ: Mapping[str, str] | None = None,
        forked: bool = True,
    ) -> None:
        """Unless `forked`, it is started as a person starts it: the loading of its code takes seconds."""
        self._arguments = arguments
        self._forked = forked
        self._file = file
        self._fact = fact
        super().__init__(
            [sys.executable, "-m", "hub", *arguments],
            folder=folder,
            answers=lambda: self._fact in self.facts(),
            environ={**_EVERYWHERE, **(environ or {})},
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        # A killed one has left its description behind.
        forget(self._file.parent, self._fact)
        super().start()

    def _launched(self, output: Path) -> Process:
        if not self._forked:
            return super()._launched(output)
        return ForkedHub(self._arguments, output=output, environ={**os.environ, **self.environ})

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self._file.parent

    def facts(self) -> dict[str, Any]:
        """What it says of itself; empty while it is not ready."""
        try:
            found: dict[str, Any] = orjson.loads(self._file.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}
        return found

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Its exit code, once it ends by itself."""
        assert self._process
        return self._process.wait(PATIENCE)

    def output(self) -> str:
        return (self._folder / "output.log").read_text(errors="replace")


def simulators(folder: Path) -> HubProcess:
    """The mail servers alone; the cast is silent."""
    return HubProcess(
        ["simulators", "--data", str(folder)], folder=folder, file=folder / "simulators.json", fact="smtp"
    )


def embedded(folder: Path, *, forked: bool = True, demo: bool = False, **environ: str) -> HubProcess:
    """All services in one process, on a port that stays over restarts; with `demo` the cast plays, too."""
    (port,) = free_ports(1)
    arguments = ["up", "--data", str(folder), "--port", str(port), *(["--demo"] if demo else [])]
    here = f"http://{HOST}:{port}"
    public = {f"OMNIHUB_{name}__PUBLIC_URL": here for name in ("MESSAGING", "TELEPHONY", "CAMPAIGNS")}
    environ = {**public, **environ}
    return HubProcess(
        arguments, folder=folder, file=folder / "omnihub.json", fact="api", environ=environ, forked=forked
    )


class Distributed:
    """One process a service on Kafka and MongoDB; more copies on request."""

    def __init__(self, folder: Path, *, kafka: str, mongo: str, database: str, **environ: str) -> None:
        ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self._folder = folder
        self._environ = {
            "OMNIHUB_BUS__KAFKA": kafka,
            "OMNIHUB_STORE__MONGO": mongo,
            "OMNIHUB_STORE__DATABASE": database,
            **{
                f"OMNIHUB_PEERS__{name.upper()}": f"http://{HOST}:{port}"
                for name, port in ports.items()
                if name != "gateway"
            },
            "OMNIHUB_CAMPAIGNS__PUBLIC_URL": f"http://{HOST}:{ports['gateway']}",
            "OMNIHUB_MESSAGING__PUBLIC_URL": f"http://{HOST}:{ports['gateway']}",
            "OMNIHUB_TELEPHONY__PUBLIC_URL": f"http://{HOST}:{ports['gateway']}",
            "OMNIHUB_PEERS__TOKEN": "shared by the services of the tests",
            "OMNIHUB_BLOBS__URL": str(folder / "blobs"),
            **environ,
        }
        self.copies = {name: self._copy(name, port, folder) for name, port in ports.items()}
        self.gateway = self.copies["gateway"]

    def _copy(self, service: str, port: int, folder: Path) -> HubProcess:
        arguments = ["serve", service, "--data", str(folder), "--port", str(port)]
        fact = "api" if service == "gateway" else service
        return HubProcess(
            arguments, folder=folder / service, file=folder / "omnihub.json", fact=fact, environ=self._environ
        )

    def demo(self) -> HubProcess:
        """The simulators and the cast beside it; not started."""
        return HubProcess(
            ["demo", "--data", str(self._folder)],
            folder=self._folder / "demo",
            file=self._folder / "simulators" / "simulators.json",
            fact="smtp",
            environ=self._environ,
        )

    def another(self, service: str) -> HubProcess:
        """A further copy of a service, with the same key file; not started."""
        (port,) = free_ports(1)
        folder = self._folder / f"{service}-{port}"
        folder.mkdir(parents=True)
        (folder / "secret.key").hardlink_to(self._folder / "secret.key")
        return self._copy(service, port, folder)

    def start(self) -> None:
        for copy in self.copies.values():
            copy.start()

    def stop(self) -> None:
        for copy in self.copies.values():
            copy.stop()

    def facts(self) -> dict[str, Any]:
        return self.gateway.facts()


class Api:
    """The hub's API, logged in as the administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE)
        login = {"login": "admin", "password": PASSWORD}
        self.token: str = self.post("/sessions", json=login)["token"]
        self._client.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str, **params: Any) -> Any:
        return self._told(self._client.get(path, params=params))

    def post(self, path: str, **options: Any) -> Any:
        return self._told(self._client.post(path, **options))

    def put(self, path: str, **options: Any) -> Any:
        return self._told(self._client.put(path, **options))

    def patch(self, path: str, **options: Any) -> Any:
        return self._told(self._client.patch(path, **options))

    def delete(self, path: str) -> Any:
        return self._told(self._client.delete(path))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The bare response, also of a refusal."""
        return self._client.request(method, path, **options)

    def outside(self, path: str) -> httpx.Response:
        """The bare response to a question that is none of the API's, as `/readyz`."""
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE)

    def all(self, path: str, **params: Any) -> list[Any]:
        """Every item of a list."""
        items: list[Any] = []
        after: str | None = None
        while True:
            page = self.get(path, limit=500, **params, **({"after": after} if after else {}))
            items += page["items"]
            after = page["next"]
            if after is None:
                return items

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def _told(response: httpx.Response) -> Any:
        assert response.is_success, f"{response.status_code} {response.text}"
        return response.json() if response.content else None


@contextmanager
def api(url: str) -> Iterator[Api]:
    client = Api(url)
    try:
        yield client
    finally:
        client.close()


def server(address: str, account: Mapping[str, str]) -> dict[str, Any]:
    """Half of the body of `POST /mailboxes`: a simulator, without TLS."""
    host, _, port = address.rpartition(":")
    return {
        "host": host,
        "port": int(port),
        "security": "plain",
        "user": account["user"],
        "password": account["password"],
    }


def add_mailbox(client: Api, facts: Mapping[str, Any], number: int = 0, **over: Any) -> dict[str, Any]:
    """Adds one of the simulators' mailboxes of ours to the hub; the mailbox as the API shows it."""
    account = facts["mailboxes"][number]
    body = {
        "address": account["address"],
        "name": "Ромашка",
        "imap": server(facts["imap"], account),
        "smtp": server(facts["smtp"], account),
        **over,
    }
    added: dict[str, Any] = client.post("/mailboxes", json=body)
    return added
