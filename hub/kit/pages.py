"""HTML that colleagues wrote or pasted: tried in a process of its own before it is taken, as strangers' mail is.

What leaves is cleaned once more where it leaves, on the event loop; what is taken here costs little there.
"""

from hub.kit.apart import Apart, CallFailed, TooCostly
from hub.kit.errors import InvalidInput
from hub.kit.html_text import to_text
from hub.kit.safe_html import sanitise

CPU_SECONDS = 0.3
"""A letter of a hundred pages takes a tenth of it."""
MOST = 2 * 2**20
"""Characters that cleaning may make of it: tags left open are repeated in each paragraph."""
_CLEANED = "hub.kit.pages:cleaned"
_FIX = "takes too much to be shown: many marks that are left open, or nested; paste it as text, or send it as a file"


class Pages:
    """Refuses what would take a reader, or us, too much."""

    def __init__(self, apart: Apart, *, cpu: float = CPU_SECONDS) -> None:
        self._apart = apart
        self._cpu = cpu

    async def check(self, html: str | None, *, field: str = "html") -> None:
        """Raises InvalidInput naming the field, and CannotStart."""
        if not html:
            return
        try:
            size = await self._apart.call(_CLEANED, html, cpu=self._cpu, urgent=True)
        except (TooCostly, CallFailed) as exc:
            raise InvalidInput(f"{field}: {_FIX}", fields={field: _FIX}) from exc
        if size > MOST:
            raise InvalidInput(f"{field}: {_FIX}", fields={field: _FIX})


def cleaned(html: str) -> int:
    """How many characters the largest thing has that is made of it."""
    return max(len(sanitise(html, images=True).html), len(to_text(html)))
