"""The API explorer: one page without outside files, for machines without the Internet."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.gateway.guard import BASE

DOCS = f"{BASE}/docs"
routes = APIRouter()


@routes.get(DOCS, include_in_schema=False, response_class=HTMLResponse)
async def show_explorer() -> HTMLResponse:
    page, policy = _page()
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy that lets its own script and style run, known by their digests, and nothing else."""
    page = files(__package__).joinpath("explorer.html").read_text("utf-8")
    return page, (
        f"default-src 'none'; script-src {_digest(page, 'script')}; style-src {_digest(page, 'style')};"
        " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _digest(page: str, element: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    assert found is not None
    return f"'sha256-{b64encode(sha256(found[1].encode()).digest()).decode()}'"
