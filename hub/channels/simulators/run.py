"""The simulators and the cast on a folder: they come back on the same ports, with the same mail."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hub.channels.simulators.cast import Cast
from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.scenes import MEMBERS, OURS
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive

_FACTS = "simulators.json"
_CAST = tuple(account for member in MEMBERS for account in member.accounts)


@dataclass(frozen=True, slots=True)
class Simulators:
    """What runs."""

    mail: MailSimulator

    def description(self) -> dict[str, Any]:
        """`{smtp, imap, mailboxes[{id, address, name, user, password}], cast[{address, name, user, password}]}`.

        `smtp` and `imap` are `host:port`, without TLS.
        """
        return {
            "smtp": self.mail.smtp_address,
            "imap": self.mail.imap_address,
            "mailboxes": [{"id": derive("mb", account.address), **_login(account)} for account in OURS],
            "cast": [_login(account) for account in _CAST],
        }


def _login(account: Account) -> dict[str, str]:
    return {
        "address": account.address,
        "name": account.name,
        "user": account.user,
        "password": account.password,
    }


@asynccontextmanager
async def simulators(data: Path, *, play: bool, pace: float = 1.0) -> AsyncIterator[Simulators]:
    """Runs them while this lasts; `data/simulators.json` says how to reach them once they are ready.

    Args:
        data: Folder for the mail and for what was played.
        play: Whether the cast writes.
        pace: Stretches the cast's waits.

    Raises:
        ConfigurationError: other simulators run on the folder.
    """
    folder = data / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        (data / _FACTS).unlink(missing_ok=True)
        mail = await _started(folder)
        try:
            running = Simulators(mail)
            _write(data / _FACTS, running.description())
            async with _playing(Cast(mail, state=folder / "cast.json", pace=pace)) if play else _silence():
                yield running
        finally:
            (data / _FACTS).unlink(missing_ok=True)
            await mail.stop()


async def _started(folder: Path) -> MailSimulator:
    """On the ports of the last time if they are still free."""
    file = folder / "ports.json"
    smtp_port, imap_port = orjson.loads(file.read_bytes()) if file.exists() else (0, 0)
    accounts = (*OURS, *_CAST)
    mail = MailSimulator(accounts, smtp_port=smtp_port, imap_port=imap_port, folder=folder)
    try:
        await mail.start()
    except OSError:
        mail = MailSimulator(accounts, folder=folder)
        await mail.start()
    _write(file, [mail.smtp_port, mail.imap_port])
    return mail


@asynccontextmanager
async def _playing(cast: Cast) -> AsyncIterator[None]:
    playing = asyncio.create_task(cast.play())
    try:
        yield
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


@asynccontextmanager
async def _silence() -> AsyncIterator[None]:
    yield


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise ConfigurationError(
                f"other simulators run on {folder}; stop them, or choose another --data"
            ) from exc
        yield


def _write(path: Path, facts: Any) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    draft.replace(path)
