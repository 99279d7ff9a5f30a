"""TwiML, built by Twilio's library: what Twilio shall do with a call."""

from collections.abc import Sequence

from twilio.twiml.voice_response import Dial, VoiceResponse

from services.telephony.flow.steps import Act, Ask, HangUp, Record, Ring, Say
from services.telephony.phones.models import Phone
from services.telephony.twilio.markup import Addresses

_EVENTS = "initiated ringing answered completed"
_KEY_SECONDS = 8


class TwimlWriter:
    """Writes answers to Twilio."""

    def flow(
        self, acts: Sequence[Act], targets: Sequence[tuple[str, Phone]], where: Addresses, *, language: str
    ) -> str:
        """The next steps with a caller; `targets` are the phones that ring, each with its employee."""
        answer = VoiceResponse()
        for act in acts:
            match act:
                case Say(text):
                    answer.say(text, language=language)
                case Ask(text, keys):
                    self._ask(answer, text, keys, where, language)
                case Ring(_, seconds, recorded):
                    self._ring(answer, targets, where, seconds=seconds, recorded=recorded)
                case Record(seconds):
                    answer.record(
                        max_length=seconds,
                        play_beep=True,
                        action=f"{where.next}recorded",
                        recording_status_callback=where.recording,
                    )
                case HangUp():
                    answer.hangup()
        return str(answer)

    def connect(self, number: str, line: str, where: Addresses) -> str:
        """An operator is on the phone: the client is rung, and shown our line."""
        answer = VoiceResponse()
        dial = Dial(caller_id=line, answer_on_bridge=True)
        dial.number(number, status_callback=where.status, status_callback_event=_EVENTS)
        answer.append(dial)
        return str(answer)

    def nothing(self) -> str:
        return str(VoiceResponse())

    def _ask(self, answer: VoiceResponse, text: str, keys: str, where: Addresses, language: str) -> None:
        gather = answer.gather(
            num_digits=1, action=f"{where.next}menu", timeout=_KEY_SECONDS, action_on_empty_result=True
        )
        gather.say(text, language=language)
        del keys

    def _ring(
        self,
        answer: VoiceResponse,
        targets: Sequence[tuple[str, Phone]],
        where: Addresses,
        *,
        seconds: int,
        recorded: bool,
    ) -> None:
        if not targets:
            answer.redirect(f"{where.next}rung")
            return
        dial = Dial(
            action=f"{where.next}rung",
            timeout=seconds,
            answer_on_bridge=True,
            record="record-from-answer-dual" if recorded else "do-not-record",
            recording_status_callback=where.recording,
        )
        for login, phone in targets:
            about = {"status_callback": where.status, "status_callback_event": _EVENTS}
            if phone.kind == "browser":
                dial.client(login, **about)
            else:
                dial.number(phone.number, **about)
        answer.append(dial)
