"""A message's HTML as it is shown, with the images that came in it."""

import asyncio
from typing import Any, cast

from hub.kit.blobs import Blobs
from services.interactions import pictures

KIB = 1024


class Stored:
    """The page, and one image of any name."""

    def __init__(self, html: str, size: int) -> None:
        self._html, self._image = html.encode(), b"x" * size

    async def get(self, name: str) -> bytes:
        return self._html if name == "page" else self._image


def shown(html: str, *names: str, size: int) -> str:
    files = [
        {"id": name, "filename": f"{name}.png", "content_type": "image/png", "size": size, "content_id": name}
        | {"blob": name, "state": "ready"}
        for name in names
    ]
    document: dict[str, Any] = {"html": "page", "attachments": files}
    return asyncio.run(pictures.page(cast(Blobs, Stored(html, size)), document, remote=False)).decode()


def test_an_image_that_a_page_shows_often_is_shown_each_time() -> None:
    assert shown('<img src="cid:line">' * 50, "line", size=100).count("data:image/png;base64,") == 50


def test_an_image_counts_as_often_as_a_page_shows_it_so_that_no_letter_makes_a_page_of_gigabytes() -> None:
    often, once = '<img src="cid:bomb">' * 1_000, '<img src="cid:logo">'
    page = shown(often + once, "bomb", "logo", size=100 * KIB)
    assert (page.count("data:"), len(page) < 200 * KIB) == (1, True)
