"""TwiML, built by Twilio's library: what Twilio shall do with a call."""

from collections.abc import Sequence
from math import ceil

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from services.telephony.flow.steps import QUEUE, RECORDED, Act, Ask, HangUp, Record, Ring, Say, Wait
from services.telephony.twilio.markup import Addresses

_EVENTS = "initiated ringing answered completed"
_KEY_SECONDS = 8


class TwimlWriter:
    """Writes answers to Twilio."""

    def flow(self, acts: Sequence[Act], where: Addresses, *, language: str) -> str:
        """The next steps with a caller."""
        answer = VoiceResponse()
        for act in acts:
            match act:
                case Say(text):
                    answer.say(text, language=language)
                case Ask(text, _, step):
                    gather = _gather(answer, where, step, _KEY_SECONDS)
                    gather.say(text, language=language)
                case Wait():
                    self._wait(answer, act, where, language)
                case Ring():
                    self._ring(answer, act, where)
                case Record(seconds):
                    answer.record(
                        max_length=seconds,
                        play_beep=True,
                        action=f"{where.next}{RECORDED}",
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

    def _wait(self, answer: VoiceResponse, act: Wait, where: Addresses, language: str) -> None:
        """Without a key it comes back by itself, which is how it is looked whether somebody is free."""
        gather = _gather(answer, where, QUEUE, max(1, ceil(act.seconds)))
        for one in act.said:
            gather.say(one.text, language=language)
        if act.music.startswith("https://"):
            gather.play(act.music)

    def _ring(self, answer: VoiceResponse, act: Ring, where: Addresses) -> None:
        dial = Dial(
            action=f"{where.next}{act.step}",
            timeout=act.seconds,
            answer_on_bridge=True,
            record="record-from-answer-dual" if act.recorded else "do-not-record",
            recording_status_callback=where.recording,
        )
        for login, phone in act.targets:
            about = {"status_callback": where.status, "status_callback_event": _EVENTS}
            if phone.kind == "browser":
                dial.client(login, **about)
            else:
                dial.number(phone.number, **about)
        answer.append(dial)


def _gather(answer: VoiceResponse, where: Addresses, step: str, seconds: int) -> Gather:
    """Any one key, `#` too, or none."""
    gather = Gather(
        num_digits=1, finish_on_key="", timeout=seconds, action=f"{where.next}{step}", action_on_empty_result=True
    )
    answer.append(gather)
    return gather
