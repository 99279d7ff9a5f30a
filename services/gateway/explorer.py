"""The API explorer: one page without outside files, for machines without the Internet."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.gateway.guard import BASE

DOCS = f"{BASE}/docs"
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
routes = APIRouter()


@routes.get(DOCS, include_in_schema=False, response_class=HTMLResponse)
async def show_explorer() -> HTMLResponse:
    page = files(__package__).joinpath("explorer.html").read_text("utf-8")
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"})
