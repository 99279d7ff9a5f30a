"""Twilio's REST API for calls, through its own library."""

from datetime import datetime, timedelta

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.kit.outside import Outside
from hub.kit.outside_http import client
from hub.vendors.twilio_rest import NOT_HANDED_OVER, for_now, rest, translated, unreachable
from services.telephony.errors import ExchangeRefused, ExchangeUnavailable
from services.telephony.exchanges.models import TwilioInput
from services.telephony.twilio.channel import WantedCall

_WINDOW = timedelta(minutes=5)
_LISTED = 50


class TwilioVoice:
    """Begins calls, and asks what became of one."""

    def __init__(self, given: TwilioInput, *, patience: float, outside: Outside) -> None:
        self._given = given
        self._outside = client(outside, patience=patience)
        token = given.auth_token.get_secret_value()
        self._client = rest(given.account_sid, token, api_url=given.api_url, outside=self._outside)

    async def close(self) -> None:
        await self._outside.aclose()

    async def probe(self) -> bool:
        """It takes the login. Raises LoginRefused or ExchangeUnavailable."""
        async with translated(ExchangeUnavailable):
            await self._client.api.v2010.accounts(self._given.account_sid).fetch_async()
        return True

    async def begin(self, wanted: WantedCall, intent: Intent) -> Outcome:
        """Rings the operator; what Twilio does once he answers is asked for at `wanted.answer`."""
        await intent()
        try:
            made = await self._client.calls.create_async(
                to=wanted.operator,
                from_=wanted.line,
                url=wanted.answer,
                status_callback=wanted.status,
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=wanted.seconds,
            )
        except TwilioRestException as exc:
            return _outcome(exc)
        except NOT_HANDED_OVER as exc:
            return Deferred(unreachable(exc), closed=True)
        except httpx.HTTPError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        return Sent(f"taken by Twilio: {made.status}", keys=(wanted.key(str(made.sid)),))

    async def find(self, wanted: WantedCall, since: datetime) -> Outcome | None:
        """The call of which only the intent is known: to this phone, by this line, at that time. None: it cannot be
        told, for there is none or more than one.
        """
        async with translated(ExchangeUnavailable):
            listed = await self._client.calls.list_async(
                to=wanted.operator, from_=wanted.line, start_time_after=since - _WINDOW, limit=_LISTED
            )
        near = [one for one in listed if one.date_created is None or abs(one.date_created - since) <= _WINDOW]
        if len(near) != 1:
            return None
        return Sent(f"taken by Twilio: {near[0].status}", keys=(wanted.key(str(near[0].sid)),))

    async def redirect(self, sid: str, url: str) -> str:
        """A call that goes on does what is answered there. Raises ExchangeRefused and ExchangeUnavailable."""
        try:
            async with translated(ExchangeUnavailable):
                changed = await self._client.calls(sid).update_async(url=url, method="POST")
        except TwilioRestException as exc:
            raise ExchangeRefused(f"{exc.msg} ({exc.code})") from exc
        return f"taken by Twilio: {changed.status}"

    def token(self, login: str, *, seconds: int) -> str:
        """For a phone in the browser. Raises ValueError where the account has no key for it."""
        given = self._given
        if not (given.api_key and given.api_secret.get_secret_value()):
            raise ValueError("the exchange has no api_key and api_secret; phones in the browser need them")
        made = AccessToken(
            given.account_sid,
            given.api_key,
            given.api_secret.get_secret_value(),
            identity=login,
            ttl=seconds,
        )
        made.add_grant(VoiceGrant(outgoing_application_sid=given.app_sid or None, incoming_allow=True))
        return str(made.to_jwt())


def _outcome(exc: TwilioRestException) -> Outcome:
    """What a refusal means."""
    return for_now(exc) or Refused(f"{exc.msg} ({exc.code})")
