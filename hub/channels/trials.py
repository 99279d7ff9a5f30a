"""An account is tried as it is kept: whether it would work at this moment, and what keeps it from that."""

from collections.abc import Awaitable

from pydantic import Field

from hub.contracts.shown import View
from hub.kit.errors import InvalidInput


class TrialView(View):
    """What came of trying an account; nothing is sent or changed by it."""

    works: bool
    failures: dict[str, str] = Field(description="By what was tried, why it does not work", examples=[{}])


async def trial_of(trying: Awaitable[object]) -> TrialView:
    """`trying` raises InvalidInput that names what was refused, as when the account is added."""
    try:
        await trying
    except InvalidInput as exc:
        return TrialView(works=False, failures=dict(exc.fields) or {"": str(exc)})
    return TrialView(works=True, failures={})
