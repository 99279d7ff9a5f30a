"""Who of ours speaks in a call at the moment: pure."""

from collections.abc import Mapping

from services.telephony.calls.models import Call, Direction


def speaking(call: Call, logins: Mapping[str, str]) -> set[str]:
    """Logins, by `logins` of extensions; of a call out its operator from the beginning."""
    if call.complete:
        return set()
    gone = {leg.party for leg in call.legs if leg.over}
    mine = {call.operator} if call.direction is not Direction.IN and call.operator else set()
    legs = {leg.party for leg in call.legs if leg.role == "operator" and leg.answered and not leg.over}
    return {logins[party] for party in (mine - gone) | legs if party in logins}
