"""What a job that invites begins with: looked at while whoever asks can still correct it."""

from collections.abc import Mapping
from typing import Any

from hub.api.actor import Actor
from hub.jobs.asked import who
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document
from services.campaigns.consent.service import Consents
from services.campaigns.marketingevents import seats
from services.campaigns.marketingevents.links import Links
from services.campaigns.marketingevents.models import InviteForm
from services.campaigns.marketingevents.naming import Finds, found, letter_of
from services.campaigns.marketingevents.people import named
from services.campaigns.marketingevents.service import MarketingEvents


class Invitations:
    """Of all events."""

    def __init__(
        self,
        events: MarketingEvents,
        consents: Consents,
        links: Links,
        finds: Mapping[str, Finds],
    ) -> None:
        """`finds` what is named by `template`, `list` and `mailing`."""
        self._events = events
        self._consents = consents
        self._links = links
        self._finds = finds

    async def prepared(self, event_id: str, given: InviteForm, actor: Actor) -> dict[str, Any]:
        """The arguments of the job. Raises NotFound, InvalidInput for what is not there, and Conflict."""
        event = await self._events.get(event_id, actor)
        if event["state"] != seats.OPEN:
            raise Conflict(f"it is {event['state']}: nobody is invited any more")
        named(given.addresses, self._consents)
        known = {name: await self._found(name, getattr(given, name), actor) for name in self._finds}
        if given.template:
            self._links.url(event_id, 0)
            await self._topic(given.topic or "")
        template = known["template"]
        return {
            **given.model_dump(mode="json"),
            "clients": list(dict.fromkeys(given.clients)),
            "event": event_id,
            "channel": template["channel"] if template else "",
            "who": who(actor),
        }

    async def _found(self, name: str, given: str | None, actor: Actor) -> Document | None:
        look = letter_of if name == "template" else found
        return await look(self._finds[name], given, actor, field=name) if given else None

    async def _topic(self, topic: str) -> None:
        try:
            await self._consents.topic(topic)
        except NotFound as exc:
            raise InvalidInput(f"topic: {exc}", fields={"topic": str(exc)}) from exc
