"""Talks to a running hub over its API, for the commands of a person."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx

from hub.describe import described
from hub.kit.errors import ConfigurationError, HubError

_SECONDS = 60


@contextmanager
def api(data: Path, url: str | None = None, environ: Mapping[str, str] = os.environ) -> Iterator[httpx.Client]:
    """A client that is logged in.

    The token comes from OMNIHUB_TOKEN; without it, the login is OMNIHUB_LOGIN (admin) and the password is
    OMNIHUB_PASSWORD, OMNIHUB_ADMIN_PASSWORD or asked for.

    Raises:
        ConfigurationError: no hub is known or reached there.
        HubError: the login was refused.
    """
    base = url or described(data).get("api")
    if not base:
        raise ConfigurationError(f"no hub runs on {data}; start it, or name it with --api URL")
    with httpx.Client(base_url=base, timeout=_SECONDS) as client:
        try:
            client.headers["Authorization"] = f"Bearer {environ.get('OMNIHUB_TOKEN') or _login(client, environ)}"
            yield client
        except httpx.TransportError as exc:
            raise ConfigurationError(f"the hub at {base} does not answer: {exc}") from exc


def _login(client: httpx.Client, environ: Mapping[str, str]) -> str:
    login = environ.get("OMNIHUB_LOGIN", "admin")
    password = (
        environ.get("OMNIHUB_PASSWORD")
        or environ.get("OMNIHUB_ADMIN_PASSWORD")
        or getpass.getpass(f"Password of {login}: ")
    )
    token: str = call(client, "POST", "/api/v1/sessions", json={"login": login, "password": password})["token"]
    return token


def fetched(client: httpx.Client, path: str) -> bytes:
    """The bytes of an answer. Raises HubError as `call`."""
    response = client.get(path)
    if not response.is_success:
        _refused(response)
    return response.content


def call(client: httpx.Client, method: str, path: str, **options: Any) -> Any:
    """The answer's JSON.

    Raises:
        HubError: with the detail of the problem document.
    """
    response = client.request(method, path, **options)
    if not response.is_success:
        _refused(response)
    return response.json() if response.content else None


def _refused(response: httpx.Response) -> NoReturn:
    try:
        told = response.json()
    except ValueError:
        raise HubError(f"the hub answered {response.status_code}") from None
    fields = "".join(f"\n  {name}: {message}" for name, message in told.get("errors", {}).items())
    raise HubError(f"{told.get('detail') or told.get('title')}{fields}")
