"""How following the Sent folder goes: it is shown beside how the mailbox is, and makes it neither green nor red."""

from hub.channels.health import HealthNotes


class SentNotes:
    """See `services.email.inbound.notes.Notes`."""

    def __init__(self, notes: HealthNotes) -> None:
        self._notes = notes

    def looked(self) -> None:
        self._notes.fails_beside(None)

    def received(self) -> None:
        """Nothing came to us."""

    def not_received(self, reason: str, *, login_refused: bool = False) -> bool:
        del login_refused  # the way in tells that, too
        return self._notes.fails_beside(f"the Sent folder is not followed: {reason}")
