"""The door that Twilio posts to: every call is signed, kept, and answered with what to do next."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, urlencode

from hub.contracts.park import RawPayloadStored
from hub.kit.errors import BusUnavailable
from hub.kit.log import Log
from hub.vendors.twilio import HEADER, is_signed
from services.telephony.calls.posted import MOST_FIELDS, form_of
from services.telephony.exchanges.models import Exchange
from services.telephony.flow.service import Reception, Visit
from services.telephony.flow.steps import QUEUE, Act, HangUp
from services.telephony.hooks import Asked, Noted, Opened, forged
from services.telephony.intake.posts import Post, Posts
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import LineRepository
from services.telephony.twilio.markup import Addresses, Markup

log = Log(__name__)
_ANSWERED = "completed"
_LANGUAGE = "ru-RU"
_TOLD = ("interaction", "to", "operator", "handed_by", "handed_to")
_KINDS = ("number", "browser")
"""Of phones that Twilio rings."""


class TwilioDoor:
    """Takes Twilio's posts."""

    def __init__(
        self,
        *,
        opened: Opened,
        posts: Posts,
        noted: Noted,
        lines: LineRepository,
        reception: Reception,
        markup: Callable[[], Markup],
        public_url: str,
    ) -> None:
        """`markup` loads what writes TwiML: the library is large, for who has an account there."""
        self._opened = opened
        self._posts = posts
        self._noted = noted
        self._lines = lines
        self._reception = reception
        self._markup = markup
        self._public_url = public_url

    async def post(self, exchange_id: str, kind: str, asked: Asked) -> str:
        """TwiML; when it returns, what was posted is durable and told.

        Args:
            kind: `call` for one that comes in, `next` after a step, `connect` when our operator answered, `handed`
                for a customer whom he hands on, `status`, `recording`.

        Raises:
            Forged: the signature is not Twilio's.
            NotFound: no such exchange.
        """
        exchange = await self._opened.get(exchange_id, "twilio")
        raw = await self._signed(exchange, asked)
        form, step = form_of(raw), asked.query.get("step", "")
        if not (kind == "next" and step == QUEUE and not form.get("Digits")):
            # Whoever waits is asked about every few seconds, and none of that is news.
            await self._kept(exchange, Post(kind, _with_query(raw, asked.query)))
        await self._noted.note(exchange.id)
        match kind:
            case "call":
                return await self._begins(exchange, form)
            case "next":
                return await self._goes_on(exchange, form, step)
            case "handed":
                return await self._handed(exchange, form, asked.query.get("login", ""))
            case "connect":
                where = self._addresses(exchange)
                return self._markup().connect(asked.query.get("to", ""), asked.query.get("line", ""), where)
            case _:
                return self._markup().nothing()

    async def replay(self, fact: RawPayloadStored) -> None:
        """Reads a parked post again. Raises Poison, NotFound."""
        await self._posts.replay(await self._opened.get(fact.account, "twilio"), fact)

    async def _kept(self, exchange: Exchange, post: Post) -> None:
        """A bus that is away lets no caller wait: what is stored is told later, by the sweeper."""
        try:
            await self._posts.take(exchange, post)
        except BusUnavailable as exc:
            log.warning("call.untold", exchange=exchange.id, reason=str(exc))

    async def _signed(self, exchange: Exchange, asked: Asked) -> bytes:
        """What Twilio posted; raises Forged. What nobody signed is not read."""
        shown = asked.headers.get(HEADER, "")
        if not shown:
            raise forged(exchange)
        raw = await asked.body()
        try:
            form = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError as exc:
            raise forged(exchange) from exc  # Twilio never sends so many.
        token = exchange.twilio.auth_token.get_secret_value()
        if not is_signed(f"{self._public_url}{asked.path}", form, shown, token=token):
            raise forged(exchange)
        return raw

    async def _begins(self, exchange: Exchange, form: Mapping[str, str]) -> str:
        visit = await self._visit(exchange, form)
        return self._written(visit, exchange, await self._reception.begins(visit) if visit else [HangUp()])

    async def _goes_on(self, exchange: Exchange, form: Mapping[str, str], step: str) -> str:
        visit = await self._visit(exchange, form)
        acts: Sequence[Act] = [HangUp()]
        if visit:
            key, answered = form.get("Digits", ""), form.get("DialCallStatus") == _ANSWERED
            acts = await self._reception.goes_on(visit, step, key=key, answered=answered)
        return self._written(visit, exchange, acts)

    async def _handed(self, exchange: Exchange, form: Mapping[str, str], login: str) -> str:
        """A customer whom his operator hands on; where nobody answers the flow of the line goes on."""
        visit = await self._visit(exchange, form)
        acts = await self._reception.handed(visit, login) if visit else [HangUp()]
        return self._written(visit, exchange, acts)

    def _written(self, visit: Visit | None, exchange: Exchange, acts: Sequence[Act]) -> str:
        language = visit.flow.language if visit else _LANGUAGE
        return self._markup().flow(acts, self._addresses(exchange), language=language)

    async def _visit(self, exchange: Exchange, form: Mapping[str, str]) -> Visit | None:
        """None where the line has no flow."""
        line = await self._line(exchange, form)
        if line is None or line.flow is None:
            return None
        caller = exchange.lines.address(form.get("From", ""))
        return Visit(exchange=exchange, call=form.get("CallSid", ""), caller=caller, line=line, kinds=_KINDS)

    async def _line(self, exchange: Exchange, form: Mapping[str, str]) -> OurLine | None:
        directory = await self._lines.directory()
        return directory.dialled(form.get("To"), exchange=exchange.id, region=exchange.region)

    def _addresses(self, exchange: Exchange) -> Addresses:
        here = f"{self._public_url}/hooks/voice/{exchange.id}"
        return Addresses(next=f"{here}/next?step=", status=f"{here}/status", recording=f"{here}/recording")


def _with_query(raw: bytes, query: Mapping[str, str]) -> bytes:
    """What we told Twilio to tell us stands in the address; it is kept with the form."""
    known = {f"_{name}": query[name] for name in _TOLD if query.get(name)}
    if not known:
        return raw
    return raw + (b"&" if raw else b"") + urlencode(known).encode()
