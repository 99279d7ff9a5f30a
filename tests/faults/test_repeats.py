"""The gateway dies between a service's answer and its note; the repeat gets that answer, and it is done once."""

import contextlib
import signal
from typing import Any

import httpx
import pytest

from hub.testing.processes import Api
from hub.testing.waiting import until

pytestmark = pytest.mark.slow

SEAM = "gateway.before_note"


def question(world: Any, client: Api, subject: str, number: int = 0) -> tuple[Any, Any]:
    """A mail of a customer, as he sent it and as it is shown."""
    sent = world.customer(number).writes(world.support, subject, "Когда?")
    return sent, until(lambda: next((i for i in client.all("/interactions") if i["subject"] == subject), None))


def pressed(client: Api, method: str, path: str, key: str, **options: Any) -> httpx.Response:
    return client.request(method, path, headers={"Idempotency-Key": key}, **options)


def dies_of(world: Any, method: str, path: str, key: str, **options: Any) -> Api:
    """Does it in a gateway that does not live to note it; the API of the next one."""
    client = world.start(seam=SEAM)
    with contextlib.suppress(httpx.TransportError):
        pressed(client, method, path, key, **options)
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    api: Api = world.start()
    return api


@contextlib.contextmanager
def stopping(world: Any, client: Api) -> Any:
    yield
    client.close()
    world.hub.stop()


def test_a_repeated_change_does_not_undo_a_later_one(world: Any) -> None:
    client = world.start()
    with stopping(world, client):
        _, asked = question(world, client, "Перемена")
    path = f"/clients/{asked['client_id']}"
    client = dies_of(world, "PATCH", path, "change", json={"name": "Анна"})
    with stopping(world, client):
        assert client.get(path)["name"] == "Анна"
        client.patch(path, json={"name": "Анна Петровна"})
        again = pressed(client, "PATCH", path, "change", json={"name": "Анна"})
        assert (again.status_code, again.json()["name"]) == (200, "Анна")
        assert client.get(path)["name"] == "Анна Петровна"


def test_a_repeated_removal_is_answered_as_the_first(world: Any) -> None:
    client = world.start()
    with stopping(world, client):
        _, asked = question(world, client, "Второй адрес")
        before = client.get(f"/clients/{asked['client_id']}")
        client.post(f"/clients/{before['id']}/addresses", json={"address": "second@example.com"})
    path = f"/clients/{before['id']}/addresses/email:second@example.com"
    client = dies_of(world, "DELETE", path, "remove")
    with stopping(world, client):
        again = pressed(client, "DELETE", path, "remove")
        assert (again.status_code, again.json()) == (200, before)
        assert pressed(client, "DELETE", path, "another").status_code == 404


@pytest.mark.parametrize("decision", ["split", "keep"])
def test_a_repeated_decision_about_a_message_is_answered_as_the_first(world: Any, decision: str) -> None:
    world.hub.environ["OMNIHUB_INTERACTIONS__SUBJECT_CHANGE"] = "ask"
    client = world.start()
    with stopping(world, client):
        sent, _ = question(world, client, f"Заказ {decision}", number=1)
        other = f"Другое {decision}"
        world.customer(1).writes(world.support, other, "И ещё.", answers=sent)
        asked = until(lambda: next((i for i in client.all("/interactions") if i["subject"] == other), None))
        assert asked["link"]["asks"]
    path = f"/interactions/{asked['id']}"
    client = dies_of(world, "POST", f"{path}/{decision}", decision)
    with stopping(world, client):
        decided = client.get(path)
        again = pressed(client, "POST", f"{path}/{decision}", decision)
        assert (again.status_code, again.json()["chain_id"]) == (200, decided["chain_id"])
        assert again.json()["link"] == decided["link"]
        assert client.get(path) == decided
        assert (decided["chain_id"] == asked["chain_id"]) == (decision == "keep")
