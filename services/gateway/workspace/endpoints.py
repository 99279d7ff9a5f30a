"""The door of the workspace: one page for all its addresses, and the files that it loads."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from hub.kit.errors import NotFound
from services.gateway.workspace.built import Built

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; media-src 'self' blob:; worker-src 'self'; frame-src 'self'; manifest-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types svelte-trusted-html omnihub-worker"
)
PLACES = ("inbox", "clients", "tasks", "calendar", "calls", "mailings", "money", "settings")
"""First words of the page's own addresses."""
_PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Vary": "Accept-Encoding",
}
_FILE_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_WORKER_HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'"}
_UNBUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>omnihub</title>
<h1>The workspace is not built yet</h1>
<p>The hub runs. Its page is made by <code>make web</code>, which needs the registry of npm's packages once;
then load this page again. Meanwhile the <a href="/api/v1/docs">API explorer</a> works.</p>
<p lang="ru">Хаб работает. Страницу собирает <code>make web</code>: один раз нужен реестр пакетов npm; затем обновите
эту страницу. А пока работает <a href="/api/v1/docs">обозреватель API</a>.</p>
</html>
"""


def routes_of(folder: Path) -> APIRouter:
    """The routes of what was built into a folder, or of a page that says how to build it."""
    routes, built = APIRouter(include_in_schema=False), Built(folder)

    @routes.get("/")
    async def show_page(request: Request) -> Response:
        return _page(built, request)

    for place in PLACES:
        routes.get(f"/{place}")(show_page)
        routes.get(f"/{place}/{{rest:path}}")(show_page)

    @routes.get("/sw.js")
    async def show_worker() -> Response:
        """Of the whole page, so that it has no folder; a browser looks for a newer one by itself."""
        file = built.worker()
        if file is None:
            raise NotFound("the workspace is not built; make web builds it")
        return FileResponse(file.path, media_type=file.media_type, headers=_WORKER_HEADERS)

    @routes.get("/assets/{name}")
    async def show_file(name: str, request: Request) -> Response:
        """Never the page: an old tab would load it as a script after an upgrade."""
        file = built.file(name, request.headers.get("Accept-Encoding", ""))
        if file is None:
            raise NotFound("the workspace has no such file; load the page again")
        return FileResponse(file.path, media_type=file.media_type, headers=_FILE_HEADERS | file.headers)

    return routes


def _page(built: Built, request: Request) -> Response:
    page = built.page(request.headers.get("Accept-Encoding", ""))
    if page is None:
        return HTMLResponse(_UNBUILT, status_code=503, headers={"Cache-Control": "no-store"})
    if request.headers.get("If-None-Match") == page.tag:
        return Response(status_code=304, headers=_PAGE_HEADERS | {"ETag": page.tag})
    return FileResponse(
        page.path, media_type=page.media_type, headers=_PAGE_HEADERS | page.headers | {"ETag": page.tag}
    )
