"""Whether a call was in vain: pure."""

from hub.contracts.call import UNREACHED
from hub.store.base import Document


def owes(call: Document) -> bool:
    """Whether somebody called in vain, whose number is known."""
    state = call["state"]
    vain = state["complete"] and not state["part_of"] and state["result"] in UNREACHED
    return bool(vain and call["direction"] == "in" and call["other_side"])
