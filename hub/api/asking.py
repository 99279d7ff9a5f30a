"""How a service signs what it asks of another one."""

from collections.abc import Generator

import httpx

from hub.api.actor import HEADER, Actor, Seal


class AsService(httpx.Auth):
    """Signs every request of a client with the name of the service that asks."""

    def __init__(self, seal: Seal, name: str) -> None:
        self._seal = seal
        self._actor = Actor.service(name)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[HEADER] = self._seal.header(self._actor)
        yield request
