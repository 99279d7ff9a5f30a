"""The one of the cast who does not stay with a channel: Пётр begins by mail, goes on by Telegram, then by SMS."""

import asyncio
from contextlib import suppress
from pathlib import Path

import orjson

from hub.channels.simulators import drawing
from hub.channels.simulators.letter import Letter
from hub.channels.simulators.mail import MailSimulator
from hub.channels.simulators.scenes import SUPPORT
from hub.channels.simulators.telegram import SimulatedBot, TelegramSimulator, TelegramUser
from hub.channels.simulators.twilio import TwilioSimulator

BOT_TOKEN, BOT_NAME, BOT_TITLE = "700100:romashka-simulated-bot-token", "romashka_bot", "Ромашка"
TWILIO_SID, TWILIO_TOKEN, OUR_NUMBER = "AC" + "0" * 31 + "7", "romashka-simulated-auth-token", "+74951234567"
PETR = TelegramUser(id=118118, first_name="Пётр", last_name="Ландыш", username="petr_landysh", phone="79161180118")
HIS_ADDRESSES = (
    "email:petr.landysh@example.com",
    f"telegram:@{BOT_NAME}/{PETR.id}",
    f"phone:+{PETR.phone}",
)
LETTER = Letter(
    message_id="<exhibition@example.com>",
    name="Пётр Ландыш",
    address=HIS_ADDRESSES[0].partition(":")[2],
    to=SUPPORT,
    subject="Ромашка с выставки",
    text="Добрый день! Почта у меня для рассад, я лучше напишу вам в Телеграм.\n\nПётр, +7 916 118-01-18\n",
    charset="windows-1251",
)
OPENING = (
    "/start dacha_expo",
    "Здравствуйте! Видел вашу ромашку на выставке «Дача-2026». Жена сказала: или такая же, или развод.",
)
CAPTION = "Вот она, на столбе у входа. Столб не нужен."
REPLIES = (
    "Это снова Пётр, телефон с Телеграмом утопил в лейке. Пишу по-старинке: берём две! Вторую тёще.",
    "Спасибо! Лейку достал. Жена передаёт, что развод отменяется.",
)
_GAP, _THINKING = 0.8, 2.0
_TO_BE_KNOWN = 5.0
"""Seconds he waits until somebody has noted that chat and phone are his."""


class Messengers:
    """Plays on the simulators; what was played is kept in a file, so that a restart repeats nothing."""

    def __init__(
        self,
        mail: MailSimulator,
        telegram: TelegramSimulator,
        twilio: TwilioSimulator,
        *,
        known: asyncio.Event,
        state: Path,
        pace: float = 1.0,
    ) -> None:
        """`known` is set when his addresses are noted."""
        self._mail = mail
        self._known = known
        self._bot: SimulatedBot = telegram.bots[BOT_TOKEN]
        self._twilio = twilio
        self._state = state
        self._pace = pace
        self._scene = int(orjson.loads(state.read_bytes())) if state.exists() else 0

    async def play(self) -> None:
        """Opens by mail and Telegram once, then answers each message of ours by SMS; runs until it is cancelled."""
        if self._scene == 0:
            await self._open()
        answered = self._ours()
        while True:
            await asyncio.sleep(0.2)
            if self._ours() > answered and self._scene <= len(REPLIES) and self._twilio.webhook:
                answered = self._ours()
                await asyncio.sleep(_THINKING * self._pace)
                self._twilio.write(f"+{PETR.phone}", OUR_NUMBER, REPLIES[self._scene - 1])
                self._next()

    async def _open(self) -> None:
        if not any(stored.message["Message-ID"] == LETTER.message_id for stored in self._mail.messages(SUPPORT)):
            self._mail.deliver(SUPPORT, LETTER.as_bytes())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._known.wait(), _TO_BE_KNOWN * self._pace)
        for words in OPENING:
            await asyncio.sleep(_GAP * self._pace)
            self._bot.write(PETR, words)
        self._bot.photo(PETR, drawing.window(), CAPTION)
        await asyncio.sleep(_GAP * self._pace)
        self._bot.share_contact(PETR)
        self._next()

    def _ours(self) -> int:
        """How many messages of ours he has, by whatever channel."""
        return len(self._bot.got.get(PETR.id, [])) + len(self._twilio.sent)

    def _next(self) -> None:
        self._scene += 1
        draft = self._state.with_suffix(".new")
        draft.write_bytes(orjson.dumps(self._scene))
        draft.replace(self._state)
