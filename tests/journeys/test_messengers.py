"""One customer by mail, Telegram and SMS: one chain, and answers by whichever channel he used last."""

from typing import Any

import pytest

from hub.testing.messengers import Outside
from hub.testing.processes import Api, add_mailbox
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outside(world: Any, client: Api) -> Outside:
    add_mailbox(client, world.mail)
    made = Outside(world.mail)
    made.connect(client, client.url)
    return made


@pytest.fixture(scope="module")
def mail(world: Any, client: Api, outside: Outside) -> dict[str, Any]:
    """His letter, from which on his chat and his phone are known to be his."""
    world.customer(0).writes(world.support, "Ромашки на выставку", "Пишите мне в Телеграм.")
    letter = saying(client, "Пишите мне в Телеграм.")
    for address in (outside.chat, outside.phone):
        client.post(f"/clients/{letter['client_id']}/addresses", json={"address": address})
    return letter


def saying(client: Api, text: str) -> dict[str, Any]:
    """The interaction with this text, once it is there."""
    found: list[dict[str, Any]] = until(
        lambda: [i for i in client.all("/interactions", direction="in") if i["text"].strip() == text]
    )
    assert len(found) == 1
    return found[0]


def test_what_began_by_mail_goes_on_by_telegram_and_sms_in_one_chain(
    client: Api, outside: Outside, mail: dict[str, Any]
) -> None:
    outside.writes("Это я, Пётр")
    by_telegram = saying(client, "Это я, Пётр")
    outside.texts("А это с телефона")
    by_sms = saying(client, "А это с телефона")
    assert {i["chain_id"] for i in (mail, by_telegram, by_sms)} == {mail["chain_id"]}
    assert (by_telegram["channel"], by_sms["channel"]) == ("telegram", "sms")


@pytest.mark.usefixtures("mail")
def test_an_answer_goes_by_the_channel_he_used_last_and_its_delivery_is_told(client: Api, outside: Outside) -> None:
    outside.writes("Привезёте завтра?")
    asked = saying(client, "Привезёте завтра?")
    answer = client.post(f"/chains/{asked['chain_id']}/messages", json={"text": "Привезём в десять."})
    until(lambda: outside.got_by_telegram()[-1:] == ["Привезём в десять."])
    until(lambda: client.get(f"/interactions/{answer['id']}")["delivery"]["state"] == "sent")
    outside.texts("Лучше в одиннадцать")
    saying(client, "Лучше в одиннадцать")
    written = client.post(f"/clients/{asked['client_id']}/messages", json={"text": "Хорошо, в одиннадцать."})
    assert (written["channel"], written["chain_id"]) == ("sms", asked["chain_id"])
    until(lambda: outside.got_by_sms()[-1:] == ["Хорошо, в одиннадцать."])
    until(lambda: client.get(f"/interactions/{written['id']}")["delivery"]["state"] == "delivered")


@pytest.mark.usefixtures("mail")
def test_every_way_to_him_is_listed_and_a_stop_closes_one(client: Api, outside: Outside) -> None:
    outside.writes("Что у вас есть?")
    owner = saying(client, "Что у вас есть?")["client_id"]
    ways = {way["channel"]: way["available"] for way in client.get(f"/clients/{owner}/channels")["items"]}
    assert (ways["telegram"], ways["sms"]) == (True, True)
    outside.texts("СТОП")
    until(lambda: not _way(client, owner, "sms")["available"])
    assert "СТОП" in _way(client, owner, "sms")["reason"]
    refused = client.request("POST", f"/clients/{owner}/messages", json={"channel": "sms", "text": "?"})
    assert (refused.status_code, "no consent" in refused.json()["detail"]) == (409, True)
    outside.texts("СТАРТ")
    until(lambda: _way(client, owner, "sms")["available"])


def _way(client: Api, owner: str, channel: str) -> dict[str, Any]:
    ways: list[dict[str, Any]] = client.get(f"/clients/{owner}/channels")["items"]
    return next(way for way in ways if way["channel"] == channel)


def test_all_channels_are_in_one_list_of_health(client: Api, outside: Outside) -> None:
    assert outside

    def states() -> dict[str, str]:
        return {item["channel"]: item["state"] for item in client.get("/channels")["items"]}

    until(lambda: states() == {"email": "green", "telegram": "green", "sms": "green"})
