"""Mails that tell an employee that something happened: what it is stays in the hub, behind its login."""

from datetime import datetime, timedelta

from hub.channels.content import Content
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import from_iso, iso
from hub.kit.ids import derive
from hub.store.base import Document
from services.interactions.notifications.words import subject_of

PER_HOUR = 20
"""Mails to one employee; what is more he reads in the page."""
_HOUR = timedelta(hours=1)
_GROUP = "notifications"
_BLOB = f"{_GROUP}/mail"
_READ = {"ru": "Откройте рабочее место, чтобы прочитать.", "en": "Open the workspace to read it."}


class Mails:
    """From one account of ours, where the settings name it."""

    def __init__(self, blobs: Blobs, *, account: str, page: str, language: str) -> None:
        """`page` is where employees reach the workspace, as `https://hub.example.com`; empty: no link."""
        self._blobs = blobs
        self.account = account
        self._page = page.rstrip("/")
        self._language = language
        self._laid = False

    async def lay(self) -> None:
        """What all of them say lies where the channel reads it: the words of each come with it."""
        if not self._laid:
            value = [["value", 0, False]]
            said = Content(
                mailing=_GROUP,
                key="00",
                base="",
                subject=[*value],
                text=[*value, "\n\n", ["value", 1, False]],
                counts=False,
                leaves=False,
            )
            await self._blobs.put(_BLOB, said.to_json())
            self._laid = True

    def of(self, notification: Document, address: str) -> SendMessage:
        """It is told with the outcomes of mailings: no client's message waits for what becomes of it."""
        kind = subject_of(notification["kind"], self._language)
        at = int(from_iso(notification["at"]).timestamp())
        return SendMessage(
            id=derive("in", _GROUP, notification["_id"], at=at),
            channel="email",
            account=self.account,
            to=(Participant(role=Role.TO, address=f"email:{address.lower()}", raw=address),),
            text="",
            signature="",
            lane="automatic",
            auto=True,
            group=_GROUP,
            content=_BLOB,
            values=(kind, self._link(notification)),
        )

    def _link(self, notification: Document) -> str:
        if not self._page:
            return _READ[self._language]
        place = "tasks" if notification["task_id"] else f"inbox/{notification['chain_id']}"
        return f"{self._page}/{place}"


def counted(preferences: Document, now: datetime) -> Document:
    """The preferences with one more mail; the same ones where there were enough within the hour."""
    recent = [at for at in preferences.get("mailed") or () if now - _HOUR < from_iso(at)]
    return preferences if len(recent) >= PER_HOUR else {**preferences, "mailed": [*recent, iso(now)]}
