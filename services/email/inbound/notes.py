"""How receiving goes is noted, whatever the way in."""

from typing import Protocol

from hub.channels.errors import LoginRefused
from hub.kit.errors import HubError
from hub.kit.log import Log

log = Log(__name__)


class Notes(Protocol):
    """Is told how receiving goes."""

    def looked(self) -> None: ...

    def received(self) -> None: ...

    def not_received(self, reason: str, *, login_refused: bool = False) -> bool: ...


def note_failure(notes: Notes, exc: Exception, mailbox_id: str) -> None:
    """A fault of ours must not end the mailbox for good."""
    if not isinstance(exc, HubError):
        log.error("mailbox.failed", exc=exc, mailbox_id=mailbox_id)
        notes.not_received(f"{type(exc).__name__}: {exc}")
        return
    news = notes.not_received(str(exc), login_refused=isinstance(exc, LoginRefused))
    tell = log.warning if news else log.debug
    tell("mailbox.unreachable", mailbox_id=mailbox_id, error=str(exc))
