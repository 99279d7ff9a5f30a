"""Call lists, with the real services behind the gateway."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow


async def test_a_list_names_a_script_that_there_is(whole: Any) -> None:
    admin = await whole.admin()
    wrong = await admin.post("/call-lists", json={"name": "Весна", "segment": "seg_1", "script": "scr_none"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["script"])
    assert (await admin.get("/call-lists")).json()["items"] == []
