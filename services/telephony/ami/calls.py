"""What the manager interface said becomes calls: a pure function of a set of events."""

from collections.abc import Iterable

from services.telephony.ami.channels import Channel, Channels, gather
from services.telephony.ami.events import Event, in_order
from services.telephony.ami.resync import Mark, close_lost, marks_of
from services.telephony.ami.scene import Scene
from services.telephony.ami.telling import tell, tell_refused
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call

_OURS = Lines()


def fold(events: Iterable[Event], lines: Lines = _OURS, marks: Iterable[Mark] | None = None) -> list[Call]:
    """The calls of one exchange, by their beginning; whatever order the events have and however often they come.

    Fewer events give calls that know less. `marks` are what connections told about who lives; without them they are
    read from the events. Calls whose end was not seen, but must have been, are `closed_by_limit`.
    """
    ordered = in_order(events)
    channels = gather(ordered)
    close_lost(channels, marks_of(ordered) if marks is None else marks)
    calls = [call for group in channels.groups() for call in _of_group(group, channels, lines)]
    calls += [tell_refused(event, lines) for event in channels.refused]
    return sorted({call.id: call for call in calls}.values(), key=lambda call: (call.started_at, call.id))


def _of_group(group: list[Channel], channels: Channels, lines: Lines) -> list[Call]:
    """One call for each customer who called in; where nobody did, one for whoever began it."""
    scene = Scene.of(group, channels.parkings, lines)
    callers = [one for one in scene.outside if not one.was_dialled]
    if callers:
        return [tell(scene, caller, shared=len(callers) > 1) for caller in callers]
    first = scene.beginner()
    return [tell(scene, first, shared=False)] if first else []
