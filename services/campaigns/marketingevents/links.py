"""Links, codes and calendars of guests: signed, so that nobody makes one for another."""

from base64 import b32encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from hub.channels.marks import mailing_key, page_url
from hub.kit import ical
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict
from hub.store.base import Document

PAGE = "event"
_CODE = 5
"""Bytes: 8 letters."""
_MONTHS = {
    "ru": (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


class Links:
    """Of all guests."""

    def __init__(self, *, master: bytes, base: str) -> None:
        """`base` is where customers reach the gateway; `master` signs."""
        self._master = master
        self._base = base

    def url(self, event: str, number: int) -> str:
        """Where he answers. Raises Conflict where nobody could open it."""
        if not self._base:
            raise Conflict("[campaigns] public_url is not set: nobody could open the link")
        return page_url(self._base, mailing_key(self._master, event), PAGE, event, number)

    def code(self, event: str, number: int) -> str:
        """What he shows at the door; of letters and digits that are not mistaken for each other."""
        digest = blake2b(
            f"{event}-{number}".encode(), key=self._master[:64], digest_size=_CODE, person=b"guest code"
        ).digest()
        return b32encode(digest).decode()

    def data(self, event: Document, number: int) -> Mapping[str, str]:
        """What a template may say: `{{ data.event_url }}` and the others. Raises Conflict."""
        url = self.url(event["_id"], number)
        return {
            "event_url": url,
            "calendar_url": f"{url}/calendar",
            "title": event["title"],
            "text": event["text"],
            "when": when(event, "ru"),
            "when_en": when(event, "en"),
            "place": event["place"] or event["link"],
        }


def when(event: Document, language: str) -> str:
    """When it begins, as people of its time zone say it."""
    start = from_iso(event["starts_at"]).astimezone(ZoneInfo(event["time_zone"]))
    month = _MONTHS[language][start.month - 1]
    return f"{start.day} {month} {start.year}, {start:%H:%M} ({event['time_zone']})"


def calendar(event: Document, *, now: datetime) -> str:
    """As a file that calendars take in (RFC 5545)."""
    start = from_iso(event["starts_at"])
    one = ical.event(event["_id"], sequence=event["_v"], start=start, minutes=event["minutes"], now=now)
    one.add("summary", event["title"])
    one.add("status", "CANCELLED" if event["state"] == "cancelled" else "CONFIRMED")
    for field, words in (("location", event["place"] or event["link"]), ("description", event["text"][:4_000])):
        if words:
            one.add(field, words)
    if event["link"]:
        one.add("url", event["link"])
    return ical.text([one], method="PUBLISH")


def ended(event: Document, now: datetime) -> bool:
    """Nobody answers any more."""
    return now > from_iso(event["starts_at"]) + timedelta(minutes=event["minutes"])
