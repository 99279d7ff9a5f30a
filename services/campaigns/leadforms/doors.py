"""The door of forms: the script and the page that sites show, and what is sent by it. GET shows, POST acts."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from urllib.parse import parse_qs

import orjson
from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from hub.api.operation import CALLER
from hub.api.public import Public
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.store.base import Document
from services.campaigns.leadforms import pages
from services.campaigns.leadforms.script import script
from services.campaigns.leadforms.service import LeadForms, Verdict
from services.campaigns.leadforms.telling import Telling
from services.campaigns.leadforms.throttle import Throttle

_FIELDS = 60
_CONTEXT, _ADDRESS = 3_700, 2_000
_STATUS = {"": 200, "often": 429, "closed": 410}
_SCRIPT = {
    "Cache-Control": "public, max-age=3600",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
log = Log(__name__)


def public(forms: LeadForms, telling: Telling, throttle: Throttle) -> Public:
    """The pages."""
    routes = Public("lead form pages")
    door = _Door(forms, telling, throttle)

    @routes.page("/m/form/{form}/script")
    async def load_form_script(form: str) -> Response:
        """What pages load; the same for all forms."""
        del form
        return Response(script(), media_type="text/javascript; charset=utf-8", headers=_SCRIPT)

    @routes.page("/m/form/{form}/{language}", methods=["GET", "HEAD", "POST"])
    async def bare_form(form: str, language: str, request: Request) -> Response:
        """The form, on a page that says nothing of itself."""
        return await door.form(form, language, "", request)

    @routes.page("/m/form/{form}/{language}/{context}", methods=["GET", "HEAD", "POST"])
    async def framed_form(form: str, language: str, context: str, request: Request) -> Response:
        """The form in a frame; `context` is base64url of JSON."""
        return await door.form(form, language, context, request)

    return routes


class _Door:
    def __init__(self, forms: LeadForms, telling: Telling, throttle: Throttle) -> None:
        self._forms = forms
        self._telling = telling
        self._throttle = throttle

    async def form(self, given: str, wanted: str, context: str, request: Request) -> Response:
        form = await self._forms.shown(given)
        if form is None:
            return HTMLResponse(pages.unknown("ru" if wanted == "ru" else "en"), 404, headers=pages.headers(()))
        language = wanted if wanted in form["languages"] else form["languages"][0]
        if request.method == "POST":
            return await self._sent(form, language, _context(context), request)
        shown = self._shown(form, language, {}) if form["open"] else pages.closed(form, language)
        return HTMLResponse(shown, headers=pages.headers(form["origins"]))

    async def _sent(self, form: Document, language: str, context: Mapping[str, str], request: Request) -> Response:
        sent = _read(await request.body())
        verdict = self._forms.judged(form, sent)
        if not verdict.why and not await self._throttle.enter(request.headers.get(CALLER, "")):
            verdict = Verdict("often")
        if verdict.why:
            log.info("form.refused", form=form["_id"], why=verdict.why)
            shown = self._shown(form, language, sent, why=verdict.why, field=verdict.field)
            return HTMLResponse(shown, _STATUS.get(verdict.why, 422), headers=pages.headers(form["origins"]))
        taken = await self._forms.take(form, sent, context, language)
        try:
            if taken.get("owes"):
                await self._telling.tell(taken)
        except TransientError as exc:
            log.warning("lead.later", lead=taken["_id"], error=type(exc).__name__)
        return HTMLResponse(pages.thanks(form, language), headers=pages.headers(form["origins"]))

    def _shown(
        self, form: Document, language: str, sent: Mapping[str, str], *, why: str = "", field: str = ""
    ) -> str:
        return pages.form(form, language, self._forms.token(form), sent, why=why, field=field)


def _read(body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    given = parse_qs("&".join(text.split("&", _FIELDS)[:_FIELDS]), keep_blank_values=True)
    return {name: values[-1].replace("\x00", "") for name, values in given.items()}


def _context(text: str) -> dict[str, str]:
    """Of what cannot be read nothing: the lead is taken all the same."""
    try:
        told = orjson.loads(urlsafe_b64decode(text[:_CONTEXT] + "=" * (-len(text) % 4))) if text else {}
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    found = {name: told[name][:_ADDRESS] for name in ("v", "u", "r") if isinstance(told.get(name), str)}
    return found if re.fullmatch(r"[A-Za-z0-9_-]{0,64}", found.get("v", "")) else {**found, "v": ""}
