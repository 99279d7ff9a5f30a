"""The channels of one group with what they are: persons, lines, Local pairs; and who a person is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.telephony.ami.channels import Channel
from services.telephony.ami.events import Event
from services.telephony.ami.hearing import Hearing, Span
from services.telephony.calls.lines import Lines, dialled, is_extension, peer_of

NOBODY_YET = float("inf")


@dataclass(frozen=True, slots=True)
class Scene:
    """All that was seen of channels that belong together."""

    channels: tuple[Channel, ...]
    persons: tuple[Channel, ...]
    """Phones and lines; menus, queues and recorders are nobody."""
    outside: tuple[Channel, ...]
    """Lines among them."""
    hearing: Hearing
    lines: Lines
    notes: tuple[tuple[Event, Channel], ...]
    """Transfers, parking, answers to our requests; with whom each is about."""
    until: float
    """The last moment of which anything is known."""

    @classmethod
    def of(cls, group: Iterable[Channel], parkings: set[str], lines: Lines) -> "Scene":
        known = sorted((one for one in group if one.name), key=lambda one: (one.start, one.uid, one.place))
        kinds = {one: one.kind(lines) for one in known}
        persons = tuple(one for one in known if kinds[one] in ("line", "phone"))
        return cls(
            channels=tuple(known),
            persons=persons,
            outside=tuple(one for one in persons if kinds[one] == "line"),
            hearing=Hearing(known, persons, parkings),
            lines=lines,
            notes=tuple((note, one) for one in known for note in one.notes),
            until=max((end(one) if one.ended is not None else one.last for one in known), default=0.0),
        )

    def beginner(self) -> Channel | None:
        """The phone that dialled, or that we rang to connect it. None where its channel was not seen at all."""
        begun = {one for one in self.persons if not one.was_dialled} | {
            one for one in self.channels if one.rings_alone
        }
        candidates = begun or {one for one in self.channels if one.linkedid == one.uid}
        return min(candidates, key=lambda one: (one.start, one.uid), default=None)

    def party(self, channel: Channel) -> str:
        """Who it is: an extension, or a number outside as `+7…`."""
        if channel in self.outside:
            return self.lines.said(self.number(channel))
        peer = peer_of(channel.name)
        if is_extension(peer) or not is_extension(channel.number):
            return peer
        return channel.number

    def number(self, channel: Channel) -> str:
        """The number of somebody outside, as sent or as dialled."""
        if not channel.was_dialled:
            return channel.number
        asked = dialled(channel.dialled_as, peer_of(channel.name))
        return asked or (channel.dialler.dials_exten if channel.dialler else "") or channel.number

    def spans(self, channel: Channel) -> list[Span]:
        return self.hearing.of(channel)

    def company(self, channel: Channel, after: float = 0.0) -> Iterator[Span]:
        """Spans in which it is connected with somebody, after a moment."""
        return (span for span in self.spans(channel) if span.persons and span.until > after)

    def hears(self, channel: Channel) -> set[Channel]:
        """Everybody it was ever connected with."""
        return {person for span in self.spans(channel) for person in span.persons}

    def noted(self, *kinds: str) -> list[tuple[Event, Channel]]:
        return [(note, one) for note, one in self.notes if note.kind in kinds]

    def by_uid(self, uid: str, moment: float) -> Channel | None:
        """The channel of that id that lived at the moment."""
        lives = [one for one in self.channels if one.uid == uid and one.start <= moment]
        return lives[-1] if lives else None


def end(channel: Channel) -> float:
    """Its end, or infinity."""
    return NOBODY_YET if channel.ended is None else channel.ended


def talker(persons: Iterable[Channel]) -> Channel:
    """Of persons who are connected the one who answered first."""
    return min(persons, key=lambda one: (NOBODY_YET if one.up_at is None else one.up_at, one.start, one.uid))
