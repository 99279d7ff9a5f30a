"""A message of ours, accepted: stored with the request to send it, told, and known to its chain and client."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from hub.contracts.base import Event
from hub.contracts.interaction import Interaction, SendMessage
from hub.kit.blobs import Blobs
from hub.kit.errors import Conflict, TooLarge
from hub.kit.ids import derive
from hub.kit.pages import Pages
from hub.store.base import Document
from hub.store.due import with_timer
from hub.store.told import CORRELATION, Told
from services.interactions.linking import line_of
from services.interactions.models import interaction_document, name_document, with_head
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.secondperson import SecondPerson
from services.interactions.tokens import Tokens
from services.interactions.writing import token_of

INLINE_BYTES = 100_000
"""Of text and HTML of a message together in an event; what is larger travels as blobs."""
_SHOWN = 20_000
"""Characters of a larger text that its interaction shows."""
RELEASE = "release"
"""The timer of a message that waits for its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message as it is stored, and whether it was accepted now or before."""

    document: Document
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as it will be stored, with the request that it owes: it fits, and its large bodies are written."""

    document: Document
    also: tuple[Event, ...]


class Outgoing:
    """Every message of ours goes through here; the sending is the channel's."""

    def __init__(
        self,
        repository: Repository,
        blobs: Blobs | None = None,
        pages: Pages | None = None,
        second: SecondPerson | None = None,
    ) -> None:
        """Without `blobs` what is larger than an event is refused; without `pages` no HTML is tried; without `second`
        no account wants a second person.
        """
        self._second = second
        self._pages = pages
        self._repository = repository
        self._blobs = blobs

    async def draft(
        self,
        interaction: Interaction,
        request: SendMessage,
        *,
        fingerprint: str | None = None,
        began: str = "",
        approved: bool = False,
    ) -> Draft:
        """What `accept` takes; whatever is opened for the message is opened after this.

        `began` is the correlation id of what it goes on with; the words of one that is `approved` stay as they are.
        One with `send_at` waits for its time. Raises TooLarge and BlobsUnavailable; nothing is stored then.
        """
        interaction, request = await self._bounded(interaction, request)
        document = interaction_document(interaction)
        if fingerprint:
            document["request"] = fingerprint
        if began:
            document[CORRELATION] = began
        also: tuple[Event, ...] = (request,)
        if interaction.send_at:
            document |= {"planned": True, "command": request.model_dump(mode="json")}
            document, also = with_timer(document, RELEASE, interaction.send_at), ()
            document |= {"approved": True} if approved else {}
        # What waits owes its request later: it has to fit as well.
        self._repository.interactions.check(None, document, request)
        return Draft(document=document, also=also)

    async def check_html(self, html: str | None) -> None:
        """Before anything is made of it. Raises InvalidInput for what would take too much."""
        if self._pages:
            await self._pages.check(html)

    async def check_second(self, channel: str, account: str) -> None:
        """Before an employee's words leave that nobody approved. Raises as `SecondPerson.check`."""
        if self._second:
            await self._second.check(channel, account)

    async def accept(self, draft: Draft, *, opened: Sequence[tuple[Told, Document]] = ()) -> Accepted:
        """Stores it together with what it owes, and tells it; `opened` are client and chain that may owe, too."""
        document = draft.document
        await self._repository.claims.insert_many([name_document(f"token:{token_of(document['_id'])}", document)])
        found, new = await self._repository.interactions.insert(document, also=draft.also)
        await self._tell(found, opened)
        if not found.get("planned"):
            await self.move_on(found)
        return Accepted(document=found, new=new)

    async def again(self, earlier: Document, wanted: str) -> Document:
        """What was accepted before under the same key, with what a crash may have left undone; Conflict as below."""
        same_request(earlier, wanted)
        await self._repository.interactions.tell(earlier)
        if not earlier.get("planned"):
            await self.move_on(earlier)
        return earlier

    async def _tell(self, document: Document, opened: Sequence[tuple[Told, Document]]) -> None:
        """It is stored with what it owes: accepted all the same when the bus is down, the sweeper tells it."""
        for told, owing in opened:
            await told.tell(owing)
        await self._repository.interactions.tell(document)

    async def move_on(self, interaction: Document) -> None:
        """Lets the chain and the client know of it."""
        chains = await self._repository.touch_chains([interaction])
        chain = chains[interaction["chain_id"]]
        line, team = line_of(interaction["channel"], interaction["accounts"][0]), interaction.get("team")
        head = (chain["_id"], interaction["subject"], interaction["at"], line, team or chain.get("team"))
        for client in (await roots(self._repository.clients, [interaction["client_id"]])).values():
            await self._repository.clients.amend(client["_id"], lambda now: with_head(now, interaction["_id"], *head))
        await Tokens(self._repository).settle(chains.values())

    async def _bounded(self, interaction: Interaction, request: SendMessage) -> tuple[Interaction, SendMessage]:
        """Both as they fit into events: large bodies as blobs, of a large text its beginning."""
        text, html = request.text.encode(), (request.html or "").encode()
        if len(text) + len(html) <= INLINE_BYTES:
            return interaction, request
        if self._blobs is None:
            raise TooLarge(f"text and html have {len(text) + len(html):,} bytes together, over {INLINE_BYTES:,}")
        names = {"text": f"out/{interaction.id}/text", "html": f"out/{interaction.id}/html"}
        await self._blobs.put_many({names["text"]: text} | ({names["html"]: html} if html else {}))
        request = request.model_copy(
            update={"text": "", "html": None, "text_blob": names["text"], "html_blob": names["html"] if html else ""}
        )
        if len(interaction.text) > _SHOWN:
            problem = f"only the beginning is shown; all of its {len(interaction.text):,} characters are sent"
            beginning = {"text": interaction.text[:_SHOWN], "text_blob": names["text"], "problem": problem}
            interaction = interaction.model_copy(update=beginning)
        return interaction, request


def same_request(earlier: Document, wanted: str, noun: str = "message") -> Document:
    """What was accepted before under the same key; raises Conflict when it was something else."""
    if earlier.get("request") != wanted:
        raise Conflict(f"this Idempotency-Key was used for another {noun}; use a new key")
    return earlier


def fingerprint(request: BaseModel) -> str:
    """Equal for requests that say the same."""
    return derive("rq", request.model_dump_json(exclude_defaults=True))
