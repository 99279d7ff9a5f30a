"""Calls of the simulated Asterisk as a person outside makes them, for journeys and faults."""

from typing import Any

import httpx

from hub.testing.processes import Api


class Callers:
    """Connects the exchange to a hub, and calls."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.pbx: dict[str, Any] = facts["asterisk"]
        self.exchange = self.line = ""

    def connect(self, client: Api) -> None:
        """Adds exchange, line, and a phone for whoever is logged in."""
        pbx = self.pbx
        login = {name: pbx[name] for name in ("host", "port", "user", "secret")}
        recordings = f"{pbx['door']}/monitor/{{name}}"
        connection = {"kind": "ami", **login, "recordings": recordings, "outside": "PJSIP/{number}@trunk"}
        self.exchange = client.post("/exchanges", json={"name": "Office", "connection": connection})["id"]
        line = {"number": pbx["line"], "name": "Продажи", "exchange": self.exchange}
        self.line = client.post("/lines", json=line)["id"]
        phones = [{"kind": "extension", "exchange": self.exchange, "number": pbx["extension"]}]
        client.request("PUT", "/phones/admin", json={"phones": phones})

    def calls(self, number: str, *, answered: bool) -> None:
        told = httpx.post(f"{self.pbx['door']}/cast", json={"from": number, "answered": answered})
        assert told.is_success, told.text

    def rung(self) -> list[str]:
        """Numbers outside that the exchange rang for us."""
        return list(httpx.get(f"{self.pbx['door']}/cast").json()["rung"])

    def asked(self) -> int:
        """How many calls it was asked for."""
        return int(httpx.get(f"{self.pbx['door']}/cast").json()["asked"])
