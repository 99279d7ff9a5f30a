"""Telegram and SMS of the simulators as a person outside uses them, for journeys and faults."""

from typing import Any

import httpx

from hub.kit.ids import derive
from hub.testing.processes import Api

BOT = "romashka_bot"


class Outside:
    """The simulated providers, from outside: what customers write and get."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.telegram: dict[str, Any] = facts["telegram"]
        self.twilio: dict[str, Any] = facts["twilio"]
        self.chat = f"telegram:@{BOT}/{self.telegram['chat']}"
        self.phone = str(self.twilio["phone"])

    def connect(self, client: Api, gateway: str) -> None:
        """Adds bot and number to a hub, and points the number at it, as one does at Twilio."""
        client.post("/bots", json={"token": self.telegram["token"], "api_url": self.telegram["url"]})
        login = {name: self.twilio[name] for name in ("account_sid", "auth_token")}
        provider = {"kind": "twilio", **login, "api_url": self.twilio["url"]}
        client.post("/numbers", json={"address": self.twilio["number"], "providers": [provider]})
        number = derive("num", f"phone:{self.twilio['number']}")
        root = f"{self.twilio['url']}/2010-04-01/Accounts/{self.twilio['account_sid']}"
        self._done(
            httpx.post(
                f"{root}/IncomingPhoneNumbers/PN1.json",
                data={"SmsUrl": f"{gateway}/hooks/sms/{number}"},
                auth=(self.twilio["account_sid"], self.twilio["auth_token"]),
            )
        )

    def writes(self, text: str) -> None:
        """By Telegram."""
        self._done(httpx.post(f"{self.telegram['url']}/cast/{BOT}", json={"text": text}))

    def shares_his_number(self) -> None:
        self._done(httpx.post(f"{self.telegram['url']}/cast/{BOT}", json={"contact": True}))

    def texts(self, text: str) -> None:
        """By SMS."""
        message = {"from": self.phone, "to": self.twilio["number"], "text": text}
        self._done(httpx.post(f"{self.twilio['url']}/cast", json=message))

    def got_by_telegram(self) -> list[str]:
        return list(self._done(httpx.get(f"{self.telegram['url']}/cast/{BOT}")).json())

    def got_by_sms(self) -> list[str]:
        return [sms["text"] for sms in self._done(httpx.get(f"{self.twilio['url']}/cast")).json()]

    @staticmethod
    def _done(answer: httpx.Response) -> httpx.Response:
        assert answer.is_success, answer.text
        return answer
