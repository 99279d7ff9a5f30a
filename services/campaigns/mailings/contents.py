"""What a mailing says, made ready to be sent: a content in the blobs for each message, variant and language."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hub.channels.content import Content
from hub.channels.marks import mailing_key
from hub.store.base import Document
from services.campaigns.mailings.audience import Said, Wanted, Way
from services.campaigns.templates.service import Person
from services.campaigns.templates.slots import Slot

KEPT, SHOWN = 20, 4_000
"""Contents of mailings that are kept in memory, and characters of a message that a chain shows."""
_WHOLE: dict[str, Any] = {
    "subject": [["value", 0, False]],
    "text": [["value", 1, False]],
    "html": [["value", 2, False]],
}
"""Of what takes the long way: all of it is the recipient's own."""


class Kept(Protocol):
    async def keep(self, blob: str, content: bytes) -> None: ...


class Renders(Protocol):
    """Templates, as far as a mailing needs them."""

    async def said(self, template_id: str, number: int) -> Document: ...

    async def rendered(
        self, built: Document, content: Content, people: Sequence[Person], *, urgent: bool = False
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """One content: where it lies, and how it is filled."""

    blob: str
    content: Content
    built: Document

    @property
    def simple(self) -> bool:
        return self.built["pieces"] is not None

    @property
    def said(self) -> Said:
        slots = tuple(Slot.of_json(one) for one in self.built["slots"])
        return Said(simple=self.simple, slots=slots, variables=tuple(self.built["variables"]))


class Contents:
    """Of one mailing, by message, variant and language."""

    def __init__(self, mailing: Document, spoken: dict[tuple[int, int, str], Spoken]) -> None:
        self._mailing = mailing
        self.spoken = spoken

    @classmethod
    async def of(cls, mailing: Document, templates: Renders, *, master: bytes, base: str) -> "Contents":
        """Raises NotFound for a template that is gone."""
        key = mailing_key(master, mailing["_id"]).hex()
        blank = Content(mailing=mailing["_id"], key=key, base=base, counts=mailing["counts"])
        spoken: dict[tuple[int, int, str], Spoken] = {}
        for number, message in enumerate(mailing["messages"]):
            for variant, (template, version) in enumerate(message["said"]):
                said = await templates.said(template, version)
                for language, one in said.items():
                    place = (number, variant, language)
                    spoken[place] = cls._spoken(
                        mailing, place, one["built"], replace(blank, from_name=message["from_name"])
                    )
        return cls(mailing, spoken)

    @staticmethod
    def _spoken(mailing: Document, place: tuple[int, int, str], built: Document, blank: Content) -> Spoken:
        number, variant, language = place
        fields = built["pieces"] or (_WHOLE if built["sources"]["html"] else {**_WHOLE, "html": None})
        blob = f"mailings/{mailing['_id']}/said/{number}-{variant}-{language}"
        return Spoken(blob, replace(blank, **fields), built)

    async def keep(self, kept: Kept) -> None:
        """In the blobs, where the channels look for them."""
        for one in self.spoken.values():
            await kept.keep(one.blob, one.content.to_json())

    def of_row(self, row: Document) -> Spoken:
        """What it says to a recipient. Raises KeyError."""
        variants = len(self._mailing["messages"][row["way"]]["said"])
        variant = row.get("variant") or 0
        return self.spoken[row["way"], variant if variant < variants else 0, row["language"]]

    def wanted(self, topic: Document, ours: dict[str, str]) -> Wanted:
        """What decides who gets it; `ours` are the addresses of our accounts."""
        ways = []
        for number, message in enumerate(self._mailing["messages"]):
            languages = {language for n, _, language in self.spoken if n == number}
            said = {
                language: [self.spoken[number, v, language].said for v in range(len(message["said"]))]
                for language in languages
                if all((number, v, language) in self.spoken for v in range(len(message["said"])))
            }
            ways.append(
                Way(
                    channel=message["channel"],
                    account=message["account"],
                    ours=ours.get(message["account"], ""),
                    language=message["language"],
                    said=said,
                )
            )
        return Wanted(topic=topic["_id"], requires_yes=topic["requires"] == "given", ways=tuple(ways))

    async def shown(self, row: Document, templates: Renders) -> tuple[str, str]:
        """Subject and text as a recipient got them, for whoever reads his chain."""
        spoken = self.of_row(row)
        if not spoken.simple:
            (made,) = await templates.rendered(spoken.built, spoken.content, [(row["number"], row["variables"])])
            return made.get("subject", ""), made.get("text", made.get("failed", ""))[:SHOWN]
        values = [slot.value(row["variables"]) or "" for slot in spoken.said.slots]
        made_of = spoken.content.rendered(row["number"], values)
        return made_of.subject, made_of.text[:SHOWN]

    async def page(self, row: Document, templates: Renders) -> str | None:
        """The page as a recipient got it."""
        spoken = self.of_row(row)
        if not spoken.simple:
            (made,) = await templates.rendered(spoken.built, spoken.content, [(row["number"], row["variables"])])
            return made.get("html")
        values = [slot.value(row["variables"]) or "" for slot in spoken.said.slots]
        return spoken.content.rendered(row["number"], values).html


class Library:
    """The contents of mailings that something happens to now, made once."""

    def __init__(self, templates: Renders, *, master: bytes, base: str) -> None:
        self.templates = templates
        self._master = master
        self._base = base
        self._known: OrderedDict[str, Contents] = OrderedDict()

    async def of(self, mailing: Document) -> Contents:
        """Of a mailing that was launched: its templates' versions are fixed. Raises NotFound."""
        if mailing["_id"] not in self._known:
            self._known[mailing["_id"]] = await self.anew(mailing)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(mailing["_id"])
        return self._known[mailing["_id"]]

    async def anew(self, mailing: Document) -> Contents:
        return await Contents.of(mailing, self.templates, master=self._master, base=self._base)
