"""Mail and messages to a team's account are for that team, on both footings; of confidential ones others see less."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hub.testing.messengers import Outside
from hub.testing.processes import PASSWORD, Api, add_mailbox
from hub.testing.waiting import until

pytestmark = pytest.mark.slow
PEOPLE = ("anna", "boris", "vera")


class Colleague(Api):
    """Somebody who works here, logged in."""

    def __init__(self, url: str, login: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=60)
        self.token = self.post("/sessions", json={"login": login, "password": PASSWORD})["token"]
        self._client.headers["Authorization"] = f"Bearer {self.token}"

    def subjects(self) -> set[str]:
        return {chain["subject"] for chain in self.all("/chains")}


@pytest.fixture(scope="module")
def team(client: Api) -> str:
    for login in PEOPLE:
        role = "supervisor" if login == "vera" else "operator"
        client.post("/employees", json={"login": login, "name": login.title(), "role": role, "password": PASSWORD})
    made: str = client.post("/teams", json={"name": "Отдел кадров", "members": ["anna"]})["id"]
    return made


@pytest.fixture(scope="module")
def people(client: Api, team: str) -> Iterator[dict[str, Colleague]]:
    assert team
    found = {login: Colleague(client.url, login) for login in PEOPLE}
    yield found
    for each in found.values():
        each.close()


def test_a_team_that_there_is_not_is_refused_before_the_logins_are_tried(client: Api) -> None:
    answer = client.request("POST", "/mailboxes", json={"address": "x@example.com", "team": "team_none"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["team"])


def test_mail_to_a_teams_mailbox_is_for_that_team_until_it_is_handed_over(
    world: Any, client: Api, team: str, people: dict[str, Colleague]
) -> None:
    mailbox = add_mailbox(client, world.mail, team=team, others="subject")
    assert (mailbox["team"], mailbox["others"]) == (team, "subject")
    world.customer(0).writes(world.support, "Жалоба на Бориса", "Он не берёт трубку.")
    (chain,) = until(lambda: [c for c in client.all("/chains") if c["subject"] == "Жалоба на Бориса"])
    assert (chain["team"], chain["withheld"]) == (team, "content")
    assert "Жалоба на Бориса" in people["anna"].subjects()
    assert "Жалоба на Бориса" not in people["boris"].subjects()
    (letter,) = people["vera"].get("/interactions", chain_id=chain["id"])["items"]
    assert (letter["subject"], letter["text"], letter["new_text"], letter["withheld"]) == (
        "Жалоба на Бориса",
        "",
        "",
        "content",
    )
    refused = people["vera"].request("POST", f"/chains/{chain['id']}/messages", json={"text": "Разберёмся."})
    assert (refused.status_code, "confidential" in refused.json()["detail"]) == (403, True)
    assert people["boris"].request("GET", f"/chains/{chain['id']}").status_code == 404
    assert (
        people["anna"].post(f"/chains/{chain['id']}/messages", json={"text": "Разберёмся."})["text"] == "Разберёмся."
    )
    people["anna"].patch(f"/chains/{chain['id']}", json={"owner": "boris"})
    assert "Жалоба на Бориса" in people["boris"].subjects()
    (mine, *_) = people["boris"].get("/interactions", chain_id=chain["id"], direction="in")["items"]
    assert mine["text"].strip() == "Он не берёт трубку."


def test_a_bots_messages_are_for_its_team_and_nobody_else_writes_by_it(
    world: Any, client: Api, team: str, people: dict[str, Colleague]
) -> None:
    outside = Outside(world.mail)
    outside.connect(client, client.url)
    for kind in ("bots", "numbers"):
        for account in client.all(f"/{kind}"):
            client.patch(f"/{kind}/{account['id']}", json={"team": team})
    outside.writes("Я по вакансии")
    (chain,) = until(lambda: [c for c in client.all("/chains") if c["subject"] == "Я по вакансии"])
    assert chain["team"] == team
    assert "Я по вакансии" in people["anna"].subjects()
    assert "Я по вакансии" not in people["boris"].subjects()
    assert people["boris"].request("GET", f"/clients/{chain['client_id']}").status_code == 404
    assert {channel["team"] for channel in client.get("/channels")["items"] if channel["channel"] != "email"} == {
        team
    }


def test_whoever_is_shown_addresses_masked_sees_them_whole_only_where_it_is_noted(
    client: Api, people: dict[str, Colleague]
) -> None:
    operator = next(role for role in client.get("/roles")["items"] if role["name"] == "operator")
    hiding = {
        "title": "Оператор",
        "rights": [*operator["rights"], "reveal"],
        "scopes": {"*": "all"},
        "hides": ["addresses"],
    }
    client._client.put("/roles/operator", json=hiding).raise_for_status()
    card = client.all("/clients")[0]
    whole = card["addresses"][0]["raw"] or card["addresses"][0]["address"].partition(":")[2]
    boris = people["boris"]
    for path in (f"/clients/{card['id']}", "/clients", f"/interactions?client_id={card['id']}", "/interactions"):
        assert whole not in boris.request("GET", path).text, path
    assert whole in str(boris.post(f"/clients/{card['id']}/reveal"))
    (row,) = [each for each in client.get("/audit")["items"] if each["action"] == "revealClient"]
    assert (row["login"], row["target"], row["status"]) == ("boris", card["id"], 200)
