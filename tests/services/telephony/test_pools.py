"""Call tracking: a number is one visitor's for a time, and a call to it tells his touch."""

from typing import Any

from tests.services.telephony.conftest import AmiHarness


async def lease(ami: AmiHarness, visitor: str, touch: str = "t") -> Any:
    return await ami.api.post("/pools/site/leases", json={"visitor": visitor, "touch": touch})


async def test_a_call_to_a_number_that_a_visitor_was_shown_tells_his_touch(ami: AmiHarness) -> None:
    await ami.api.patch(f"/lines/{ami.line_id}", json={"pool": "site"})
    shown = await lease(ami, "v_1", "touch_1")
    assert (shown.status_code, shown.json()["line"]) == (200, ami.line_id)
    await ami.pbx.customer_calls(ami.number_of("from the site"))
    (received,) = await ami.arrivals(1)
    assert received.source is not None
    assert (received.source.kind, received.source.value) == ("touch", "touch_1")


async def test_a_visitor_keeps_his_number_and_nobody_else_is_shown_it_meanwhile(ami: AmiHarness) -> None:
    await ami.api.patch(f"/lines/{ami.line_id}", json={"pool": "site"})
    other = await ami.posted("/lines", {"number": "+74950000200", "exchange": ami.exchange_id, "pool": "site"})
    first, second, again = await lease(ami, "v_1"), await lease(ami, "v_2"), await lease(ami, "v_1")
    assert {first.json()["line"], second.json()["line"]} == {ami.line_id, other["id"]}
    assert again.json()["line"] == first.json()["line"]
    full = await lease(ami, "v_3")
    assert (full.status_code, "given out" in full.text) == (409, True)


async def test_a_pool_without_lines_is_not_there(ami: AmiHarness) -> None:
    assert (await lease(ami, "v_1")).status_code == 404
