"""The first step of a double opt-in: a mail that asks; the yes is given on our page."""

from datetime import timedelta

from hub.bus.base import Bus
from hub.channels.content import Content
from hub.channels.marks import Mark, mailing_key, page_url
from hub.contracts.base import Envelope
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, fresh
from hub.store.base import Document
from services.campaigns.consent import pages
from services.campaigns.consent.doors import Recipient
from services.campaigns.consent.models import Invitation
from services.campaigns.consent.repository import ConsentRepository
from services.campaigns.consent.service import SOURCE, Consents

GOOD_FOR = timedelta(days=14)
PREFIX = "inv"
_TEXTS = {
    "ru": ("Подтвердите подписку", "Вы просили присылать вам: {what}.\n\nЧтобы подтвердить, откройте:\n{url}\n\n"
           "Если это были не вы, ничего делать не нужно."),
    "en": ("Confirm your subscription", "You asked for: {what}.\n\nTo confirm it, open:\n{url}\n\n"
           "If it was not you, there is nothing to do."),
}  # fmt: skip


class Invitations:
    """Asks, and knows whom it asked."""

    def __init__(
        self,
        repository: ConsentRepository,
        consents: Consents,
        blobs: Blobs,
        bus: Bus,
        clock: Clock,
        *,
        master: bytes,
        base: str,
    ) -> None:
        """`base` is where customers reach the gateway; `master` signs the links."""
        self._repository = repository
        self._consents = consents
        self._blobs = blobs
        self._bus = bus
        self._clock = clock
        self._master = master
        self._base = base

    async def ask(self, given: Invitation, *, by: str, key: str | None) -> Document:
        """Stored, and on its way. Raises InvalidInput, NotFound, Conflict where no link can be made."""
        if not self._base:
            raise Conflict("[campaigns] public_url is not set: nobody could open the link")
        topic, address = await self._consents.topic(given.topic), self._consents.normalised(given.address)
        if not address.startswith("email:"):
            fix = "an invitation goes by mail; give a mail address"
            raise InvalidInput(f"address: {fix}", fields={"address": fix})
        at = self._clock.now()
        made = derive(PREFIX, by, key) if key else fresh(PREFIX)
        document = {
            "_id": made,
            "at": iso(at),
            "address": address,
            "topic": given.topic,
            "language": given.language,
            "account": given.account,
            "by": by,
        }
        await self._repository.invitations.insert(document)
        await self._send(document, pages.title_of(topic, given.language))
        return document

    async def _send(self, invitation: Document, what: str) -> None:
        made, language = invitation["_id"], invitation["language"]
        key = mailing_key(self._master, made)
        subject, text = _TEXTS[language]
        url = page_url(self._base, key, "confirm", made, 0)
        content = Content(
            mailing=made,
            key=key.hex(),
            base=self._base,
            subject=[subject],
            text=[text.format(what=what, url=url)],
            counts=False,
            leaves=False,
        )
        blob = f"invitations/{made}"
        await self._blobs.put(blob, content.to_json())
        await self._bus.publish(
            [Envelope(event=self._message(invitation, blob), source=SOURCE, time=self._clock.now())]
        )

    def _message(self, invitation: Document, blob: str) -> SendMessage:
        return SendMessage(
            id=derive("in", invitation["_id"], at=int(from_iso(invitation["at"]).timestamp())),
            channel="email",
            account=invitation["account"],
            to=(Participant(role=Role.TO, address=invitation["address"]),),
            text="",
            signature="",
            lane="automatic",
            group=invitation["_id"],
            content=blob,
        )

    async def of_mark(self, mark: Mark) -> Recipient | None:
        """See `services.campaigns.consent.doors.Recipients`."""
        found = await self._repository.invitations.get(mark.mailing)
        if found is None or from_iso(found["at"]) + GOOD_FOR < self._clock.now():
            return None
        fields = {name: found[name] for name in ("address", "topic", "language")}
        return Recipient(channel="email", **fields)
