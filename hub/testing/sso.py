"""What a browser does at a single sign-on: goes to the provider, and comes back."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

PASSWORD = "correct-horse-7"
HOME = "http://localhost:8800"
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Visitor:
    """A browser, at the hub and at the provider."""

    here: httpx.AsyncClient
    there: httpx.AsyncClient
    last: str = ""
    """Where the hub sent it last."""
    cookies_set: list[str] = field(default_factory=list)
    """As they were when it left for the provider."""

    async def go(self, following: str = "/") -> str:
        """Where the hub sends it: an address of the provider."""
        answer = await self.here.get("/api/v1/sessions/oidc", params={"next": following}, headers=OURS)
        assert answer.status_code == 303, answer.text
        self.cookies_set += answer.headers.get_list("Set-Cookie")
        self.last = str(answer.headers["Location"])
        return self.last

    async def agreed(self, address: str) -> str:
        """Where the provider sends it back to."""
        answer = await self.there.get(address)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])

    async def back(self, address: str) -> httpx.Response:
        """The provider's page is another site."""
        parts = urlsplit(address)
        return await self.here.get(f"{parts.path}?{parts.query}", headers={"Sec-Fetch-Site": "cross-site"})

    async def log_in(self, following: str = "/") -> httpx.Response:
        return await self.back(await self.agreed(await self.go(following)))

    async def me(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.here.get("/api/v1/me", headers=OURS)).json()
        return found

    async def ended(self, token: str) -> httpx.Response:
        """The provider calls the hub."""
        return await self.here.post("/api/v1/sessions/oidc/backchannel-logout", data={"logout_token": token})
