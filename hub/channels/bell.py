"""Who waits for something to do: rung by whoever knows of it, else looking by himself now and then."""

import asyncio

from hub.channels.pause import happened


class Bell:
    """Rung when there may be something due. `attended`: somebody looks for all, so that nobody has to by himself."""

    def __init__(self, *, poll: float) -> None:
        """`poll` is in seconds: so often it rings by itself, unless it is attended."""
        self.attended = False
        self.idle = False
        """Its owner waits for it with nothing in hand."""
        self._poll = poll
        self._rung = False
        self._stirred = asyncio.Event()

    def ring(self) -> None:
        self._rung = True
        self._stirred.set()

    def stir(self) -> None:
        """Something else happened: whoever waits looks up, but nothing new is due."""
        self._stirred.set()

    async def wait(self, within: float | None = None) -> bool:
        """Until it is rung, within so many seconds; whether it was. None: nothing is in hand, as long as it takes."""
        self.idle = within is None
        try:
            if within is None and self.attended:
                await self._stirred.wait()
            else:
                await happened(self._stirred, within=self._poll if within is None else within)
        finally:
            self.idle = False
        rung, self._rung = self._rung, False
        self._stirred.clear()
        return rung
