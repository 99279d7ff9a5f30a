"""Sums of what an agent did: how often he came, paused and went, by reason. Pure."""

from collections import Counter
from itertools import pairwise

from services.telephony.agents.models import HistoryView, PresenceView
from services.telephony.agents.rules import AWAY, PAUSED


def presence_of(history: HistoryView) -> PresenceView:
    """Of a period: what lasted when it began is no coming and no going."""
    items = history.items
    there = [one for one in items if one.state != AWAY]
    steps = list(pairwise(items))
    return PresenceView(
        login=history.login,
        seconds=history.seconds,
        by_state=history.by_state,
        by_reason=history.by_reason,
        billable=history.billable,
        came=sum(before.state == AWAY and after.state != AWAY for before, after in steps),
        pauses=dict(Counter(after.reason for _, after in steps if after.state == PAUSED)),
        away=dict(Counter(after.reason for before, after in steps if after.state == AWAY != before.state)),
        first=there[0].since if there else None,
        last=there[-1].until if there else None,
    )
