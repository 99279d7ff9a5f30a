"""Consumer groups of the embedded log: who reads which partition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hub.bus.journal import Slot

SlotsOf = Callable[[str], Sequence[Slot]]


@dataclass(eq=False)
class Member:
    """One consumer of a group. `wake` makes it settle."""

    topics: tuple[str, ...]
    wake: Callable[[], None]
    owned: set[Slot] = field(default_factory=set)


class Group:
    """Splits the partitions among its members.

    A partition moves only between two batches: the member that has it gives it up when it asks for more, and the next
    one takes it then. So nothing is read twice because somebody joined.
    """

    def __init__(self, slots_of: SlotsOf) -> None:
        self._slots_of = slots_of
        self._members: list[Member] = []

    def join(self, member: Member) -> None:
        self._members.append(member)
        self._wake()

    def leave(self, member: Member) -> None:
        """The others take over; what the member has not committed is read again."""
        if member in self._members:
            self._members.remove(member)
            member.owned = set()
            self._wake()

    def settle(self, member: Member) -> None:
        """Between two batches: gives up what is another's by now, takes what is the member's and free."""
        share = self._share(member)
        if share == member.owned:
            return
        taken = {slot for other in self._members if other is not member for slot in other.owned}
        gives_up = bool(member.owned - share)
        member.owned = share - taken
        if gives_up:
            self._wake()

    def _share(self, member: Member) -> set[Slot]:
        share: set[Slot] = set()
        for topic in member.topics:
            readers = [other for other in self._members if topic in other.topics]
            if member in readers:
                share.update(self._slots_of(topic)[readers.index(member) :: len(readers)])
        return share

    def _wake(self) -> None:
        for member in self._members:
            member.wake()


class Groups:
    """The groups of one log, by name."""

    def __init__(self, slots_of: SlotsOf) -> None:
        self._slots_of = slots_of
        self._groups: dict[str, Group] = {}

    def __getitem__(self, name: str) -> Group:
        return self._groups.setdefault(name, Group(self._slots_of))

    def __contains__(self, name: str) -> bool:
        """Whether somebody has joined it since the log was opened."""
        return name in self._groups
