"""What a mail server can do wrong, on request of a test."""

import asyncio
from dataclasses import dataclass

from hub.channels.simulators.address import bare


@dataclass(slots=True)
class Answer:
    """A reply that an SMTP command gets instead of the usual one."""

    command: str
    reply: str
    times: int | None
    address: str | None

    def fits(self, command: str, addresses: set[str]) -> bool:
        return self.times != 0 and self.command == command and (self.address is None or self.address in addresses)


@dataclass(slots=True)
class Cut:
    """The connection goes away after the DATA terminator, without an answer."""

    accepted: bool
    times: int


class MailFaults:
    """The faults in force; everything works when none is set. Set from the event loop of the simulator."""

    def __init__(self) -> None:
        self._resume = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Everything works again; connections that hang go on."""
        self.imap_logins_refused: str | None = None
        """The words that every IMAP login is refused with."""
        self.smtp_logins_refused: str | None = None
        """The words that every SMTP login is refused with, after `535 5.7.8`."""
        self.idle = True
        """Whether IMAP servers offer IDLE; seen by connections that log in from now on."""
        self.pipelining = True
        """Whether SMTP servers take several commands at once; seen by connections made from now on."""
        self.latency = 0.0
        """Seconds before every answer."""
        self._answers: list[Answer] = []
        self._cuts: list[Cut] = []
        self.resume()

    def answer(self, command: str, reply: str, *, times: int | None = 1, address: str | None = None) -> None:
        """Answers `command` (MAIL, RCPT or DATA) with `reply` (`451 4.3.0 later`), `times` times or, if None, always.

        With `address`, only where it is the sender (MAIL), the recipient (RCPT) or either (DATA).
        """
        self._answers.append(Answer(command.upper(), reply, times, bare(address) if address else None))

    def cut_after_data(self, *, accepted: bool, times: int = 1) -> None:
        """Cuts the connection where the answer to the mail is due; `accepted` says whether it is delivered anyway."""
        self._cuts.append(Cut(accepted, times))

    def hang(self) -> None:
        """Connections are accepted and nothing is answered any more, until `resume`."""
        self._resume.clear()

    def resume(self) -> None:
        self._resume.set()

    async def pause(self) -> None:
        """Waits as long as an answer takes."""
        if self.latency:
            await asyncio.sleep(self.latency)
        await self._resume.wait()

    def answer_to(self, command: str, *addresses: str | None) -> str | None:
        """The reply to give instead, used up by asking."""
        known = {bare(address) for address in addresses if address}
        for answer in self._answers:
            if answer.fits(command, known):
                if answer.times is not None:
                    answer.times -= 1
                return answer.reply
        return None

    def cut(self) -> Cut | None:
        """The cut that is due now, used up by asking."""
        for cut in self._cuts:
            if cut.times > 0:
                cut.times -= 1
                return cut
        return None
