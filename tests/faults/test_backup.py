"""A hub is backed up while mail pours in; the restored one is held, shows what waits, and sends it when released."""

import threading
from pathlib import Path
from typing import Any

import pytest

from hub.backup import backup, restore
from hub.kit.restraint import hold
from hub.testing.processes import Api, embedded
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


def of_subject(client: Api, beginning: str) -> list[dict[str, Any]]:
    return [i for i in client.all("/interactions") if i["subject"].startswith(beginning)]


def test_a_restored_hub_has_everything_sends_nothing_and_goes_on_when_released(world: Any, tmp_path: Path) -> None:
    client = world.start()
    data: Path = world.hub.data
    anna = world.customer(1)
    anna.writes(world.support, "Вопрос до копии", "Когда?")
    (question,) = until(lambda: of_subject(client, "Вопрос до копии"))
    hold(data)
    until(lambda: client.get("/held")["held"])
    answer = client.post(f"/chains/{question['chain_id']}/messages", json={"text": "Завтра."})
    until(lambda: {"kind": "email", "count": 1} in client.get("/held")["items"])

    pouring = threading.Thread(target=_pour, args=(anna, world.support))
    pouring.start()
    until(lambda: len(of_subject(client, "Поток")) >= 5)
    file = tmp_path / "hub.tar"
    backup(data, str(file))
    pouring.join()
    client.close()
    world.hub.stop()

    restored = tmp_path / "restored"
    restore(str(file), restored)
    again = embedded(restored)
    again.start()
    client = Api(again.facts()["api"])
    try:
        assert client.get("/held")["held"]
        until(lambda: len(of_subject(client, "Поток")) >= 40)
        found = sorted(i["subject"] for i in of_subject(client, "Поток"))
        assert found == sorted(f"Поток {number}" for number in range(40))
        assert client.get("/dead-letters")["items"] == []
        assert [m for m in anna.mails() if answer["id"] in str(m["Message-ID"])] == []
        assert client.post("/held/release", json=None)["held"] is False
        until(lambda: [m for m in anna.mails() if answer["id"] in str(m["Message-ID"])])
    finally:
        client.close()
        again.stop()
        (data / "held").unlink(missing_ok=True)


def _pour(customer: Any, to: str) -> None:
    for number in range(40):
        customer.writes(to, f"Поток {number}", "Здравствуйте!")
