"""What people say of being written to: accepted as an event, kept in a chain, asked for by whoever sends.

A word is one event (`consent.recorded.v1` on `inbound`), whoever takes it: SMS and Telegram (STOP, /stop), our pages,
an employee, a file. Published, it stops what has not left; heard, it joins the chain. So there is one way in.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.address import ConsentRecorded
from hub.contracts.base import Envelope
from hub.kit.clock import Clock, iso
from hub.kit.domains import mail_name
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import fresh
from hub.kit.phones import phone
from hub.store.base import Document, Page
from services.campaigns.belonging import belongs, sees
from services.campaigns.consent.models import NewTopic, TopicForm, Word
from services.campaigns.consent.repository import ConsentRepository
from services.campaigns.letterboxes import is_word_of
from services.campaigns.segments.projection import CHANNELS

SOURCE = "omnihub/campaigns"
_KEPT = ("channel", "topic", "account", "state", "source", "words", "text_version", "evidence")
_SHOWN = 500
"""Words of one address that its state is read from; what is older was said anew since."""


class Consents:
    """Topics, and the words of people."""

    def __init__(self, repository: ConsentRepository, bus: Bus, clock: Clock, *, region: str = "RU") -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock
        self._region = region

    # --- topics ---

    async def topics(self, actor: Actor | None = None) -> list[Document]:
        """All, or those that somebody sees."""
        found = await self._repository.topics_there()
        return [one for one in found if actor is None or sees(actor, one)]

    async def topic(self, topic_id: str) -> Document:
        """Raises NotFound."""
        found = await self._repository.topics.get(topic_id)
        if found is None or found["removed"]:
            raise NotFound(f"there is no topic {topic_id}")
        return found

    async def add_topic(self, given: NewTopic, *, actor: Actor) -> Document:
        """Raises Conflict where there is one of this name; a removed one comes back."""
        fields = given.model_dump(mode="json", exclude={"id", "team"})
        topic = {"_id": given.id, "at": iso(self._clock.now()), "removed": False, **fields}
        topic |= belongs(actor.login, given.team)
        known = await self._repository.topics.get(given.id)
        if known is not None and not known["removed"]:
            raise Conflict(f"there is a topic {given.id}; change that one")
        stored = {**topic, "_v": known["_v"]} if known else topic
        done = await self._repository.topics.swap(stored) if known else await self._repository.topics.insert(stored)
        if not done:
            raise Conflict
        return topic

    async def change_topic(self, topic_id: str, given: TopicForm, *, actor: Actor) -> Document:
        """Raises NotFound and Conflict."""
        topic = await self._seen(topic_id, actor)
        fields = given.model_dump(mode="json", exclude={"team"}, exclude_unset=True)
        team = belongs(topic["owner"], given.team) if given.team is not None else {}
        after = {**topic, **fields, **team}
        if not await self._repository.topics.swap(after):
            raise Conflict
        return after

    async def remove_topic(self, topic_id: str, *, actor: Actor) -> None:
        """What people said of it stays. Raises NotFound and Conflict."""
        topic = await self._seen(topic_id, actor)
        if not await self._repository.topics.swap({**topic, "removed": True}):
            raise Conflict

    async def _seen(self, topic_id: str, actor: Actor) -> Document:
        topic = await self.topic(topic_id)
        if not sees(actor, topic):
            raise NotFound(f"there is no topic {topic_id}")
        return topic

    # --- words ---

    async def say(self, word: Word, *, actor: Actor) -> ConsentRecorded:
        """What an employee was told. Raises InvalidInput and NotFound."""
        address = self.named(word.address)
        text = (await self._seen(word.topic, actor))["text_version"] if word.topic else ""
        said = self.said(
            address, word.state, topic=word.topic or "", source=word.source, words=word.words, by=actor.login
        )
        recorded = said.model_copy(update={"text_version": text if word.state == "given" else ""})
        await self.publish([recorded])
        return recorded

    def said(
        self, address: str, state: str, *, topic: str = "", source: str, words: str, by: str = "", text: str = ""
    ) -> ConsentRecorded:
        """A word of this moment, as an event; `by` says who or what vouches for it."""
        return ConsentRecorded(
            address=address,
            channel=CHANNELS[address.partition(":")[0]],
            account="",
            state="withdrawn" if state == "withdrawn" else "given",
            topic=topic,
            source=source,
            words=words[:500],
            text_version=text,
            evidence=by or fresh("say"),
            at=self._clock.now(),
        )

    async def publish(self, words: Sequence[ConsentRecorded]) -> None:
        """Durable when it returns; from then on it counts. Raises BusUnavailable."""
        now = self._clock.now()
        await self._bus.publish([Envelope(event=one, source=SOURCE, time=now) for one in words])

    async def hear(self, envelopes: Sequence[Envelope]) -> None:
        """Each word joins the chain, with where it stands on the bus. Raises StoreUnavailable."""
        words = [_row(one, one.event) for one in envelopes if isinstance(one.event, ConsentRecorded)]
        await self._repository.add(words)

    async def history(self, address: str, *, limit: int, after: str | None) -> Page:
        """What was said of an address, the newest first. Raises InvalidInput."""
        return await self._repository.words(self.named(address), limit=limit, after=after)

    async def ground(self, address: str, channel: str, topic_id: str, at: str) -> str:
        """On what ground an address was written to at some time; empty where there was none."""
        topic = await self._repository.topics.get(topic_id)
        may, why = allowed(await self.standing(address, at), channel, topic) if topic else (False, "")
        return why if may else ""

    async def said_no(self, address: str, topic: str) -> bool:
        """Whether the newest word of an address about a topic is a no. Raises StoreUnavailable."""
        word = (await self.standing(address)).get(f"{CHANNELS[address.partition(':')[0]]}/{topic}")
        return word is not None and word["state"] == "withdrawn"

    async def standing(self, address: str, at: str | None = None) -> dict[str, Document]:
        """By what it is about (`email`, `email/news`) the newest word of an address: now, or at some time."""
        page = await self._repository.words(address, limit=_SHOWN)
        newest: dict[str, Document] = {}
        for word in page.items:
            if at is not None and word["at"] > at:
                continue
            name = f"{word['channel']}/{word['topic']}" if word["topic"] else word["channel"]
            known = newest.get(name)
            if known is None or (known["at"] == word["at"] and word["state"] == "withdrawn"):
                newest[name] = word
        return newest

    def named(self, text: str) -> str:
        """As `normalised`; also `post:cl_1`, under which it is kept what a client says about letters."""
        bare = text.strip()
        return bare if is_word_of(bare) else self.normalised(bare)

    def normalised(self, text: str) -> str:
        """Raises InvalidInput for what is no address."""
        bare = text.strip()
        if bare.startswith("telegram:@") and "/" in bare:
            return bare
        mail = bare.removeprefix("email:")
        if "@" in mail and len(mail) <= 254 and not set(' <>,;"\n\r\t') & set(mail):
            return mail_name(mail)
        if number := phone(bare.removeprefix("phone:"), self._region):
            return number
        fix = f"{text!r} is no address; write it as anna@example.com, +7 495 123-45-67 or telegram:@our_bot/123456"
        raise InvalidInput(f"address: {fix}", fields={"address": fix})


def allowed(standing: Mapping[str, Document], channel: str, topic: Document) -> tuple[bool, str]:
    """Whether somebody may be written to about a topic, and on what ground, or why not. Pure."""
    whole, about = standing.get(channel), standing.get(f"{channel}/{topic['_id']}")
    for word in (whole, about):
        if word and word["state"] == "withdrawn":
            return False, f"he said no on {word['at'][:10]}"
    if about and about["state"] == "given":
        return True, f"consent {about['_id']}"
    if topic["requires"] == "given":
        return False, f"he never said yes to {topic['_id']}"
    return True, f"basis: {topic['basis']}"


def _row(envelope: Envelope, word: ConsentRecorded) -> Document:
    told = {name: getattr(word, name) for name in _KEPT}
    record = envelope.record
    place = f"{record.topic}/{record.partition}/{record.offset}" if record else ""
    about = f"{word.channel}/{word.topic}" if word.topic else word.channel
    return {
        "_id": word_id(envelope),
        "address": word.address,
        "about": about,
        "at": iso(word.at),
        "place": place,
        **told,
        "source": word.source or "message",
    }


def word_id(envelope: Envelope) -> str:
    return f"cst_{envelope.id.partition('_')[2]}"


def moment_of_word(word: Document) -> datetime:
    return datetime.fromisoformat(word["at"])
