"""Exchanges and lines as accounts: tried before they are saved, their secrets kept to where they were entered for."""

from typing import Any

from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.channels.simulators.certificate import Certificate
from hub.testing.waiting import eventually
from tests.services.telephony.conftest import OUR_LINE, SECRET, USER, AmiHarness


async def test_a_secret_is_never_shown_and_a_login_is_tried_before_it_is_saved(ami: AmiHarness) -> None:
    refused = await ami.api.post("/exchanges", json={**ami.form(secret="wrong"), "name": "Other"})
    assert (refused.status_code, "Authentication failed" in refused.text) == (422, True)
    shown = (await ami.api.get(f"/exchanges/{ami.exchange_id}")).text + (await ami.api.get("/exchanges")).text
    assert SECRET not in shown


async def test_an_exchange_is_tried_as_it_is_kept(ami: AmiHarness) -> None:
    path = f"/exchanges/{ami.exchange_id}/try"
    assert (await ami.api.post(path)).json() == {"works": True, "failures": {}}
    ami.pbx.secret = "another"
    told = (await ami.api.post(path)).json()
    assert (told["works"], "Authentication failed" in str(told["failures"])) == (False, True)


async def test_a_secret_goes_to_no_other_host_than_it_was_entered_for(ami: AmiHarness) -> None:
    path = f"/exchanges/{ami.exchange_id}"
    async with AsteriskSimulator(USER, SECRET) as other:
        moved = await ami.api.patch(path, json={"connection": {"port": other.port}})
        assert (moved.status_code, moved.json()["errors"].keys()) == (422, {"connection.secret"})
        entered = await ami.api.patch(path, json={"connection": {"port": other.port, "secret": SECRET}})
        assert entered.status_code == 200, entered.text
        await eventually(lambda: other.logins > 1)


async def test_an_exchange_is_reached_by_tls_and_its_certificate_is_checked(ami: AmiHarness, tmp_path: Any) -> None:
    certificate = Certificate.make("127.0.0.1")
    async with AsteriskSimulator(USER, SECRET, tls=certificate.server_context()) as other:
        form = {**ami.form(port=other.port, tls=True), "name": "Covered"}
        untrusted = await ami.api.post("/exchanges", json=form)
        assert (untrusted.status_code, "not trusted" in untrusted.text) == (422, True)
        (tmp_path / "ca.pem").write_bytes(certificate.certificate)
        await ami.restart(OMNIHUB_TELEPHONY__CA_FILE=str(tmp_path / "ca.pem"))
        assert (await ami.api.post("/exchanges", json=form)).status_code == 201
        await eventually(lambda: other.logins > 1)


async def test_an_exchange_without_challenges_is_logged_in_to_plainly(ami: AmiHarness) -> None:
    async with AsteriskSimulator(USER, SECRET, challenges=False) as old:
        made = await ami.api.post("/exchanges", json={**ami.form(port=old.port), "name": "Old"})
        assert made.status_code == 201, made.text
        await eventually(lambda: old.logins > 1)


async def test_what_would_begin_another_line_of_the_manager_interface_is_refused(ami: AmiHarness) -> None:
    for field in ("user", "secret", "context", "dial", "prefix"):
        form = {**ami.form(**{field: "x{extension}\r\nAction: Command"}), "name": "Hostile"}
        assert (await ami.api.post("/exchanges", json=form)).status_code == 422, field


async def test_a_line_is_a_channel_as_healthy_as_its_exchange(ami: AmiHarness) -> None:
    listed = (await ami.api.get("/channels")).json()["items"]
    assert {one["channel"]: (one["address"], one["state"]) for one in listed} == {
        "call": (OUR_LINE, "green"),
        "exchange": (f"127.0.0.1:{ami.pbx.port}", "green"),
    }


async def test_an_exchange_with_lines_stays_until_they_are_gone(ami: AmiHarness) -> None:
    kept = await ami.api.delete(f"/exchanges/{ami.exchange_id}")
    assert (kept.status_code, OUR_LINE in kept.text) == (409, True)
    assert (await ami.api.delete(f"/lines/{ami.line_id}")).status_code == 204
    assert (await ami.api.delete(f"/exchanges/{ami.exchange_id}")).status_code == 204
    assert (await ami.api.get("/channels")).json()["items"] == []


async def test_a_line_needs_a_number_and_an_exchange_that_is_there(ami: AmiHarness) -> None:
    nowhere = await ami.api.post("/lines", json={"number": "+74950000200", "exchange": "ex_none"})
    nothing = await ami.api.post("/lines", json={"number": "Sales", "exchange": ami.exchange_id})
    twice = await ami.api.post("/lines", json={"number": "8 (495) 000-01-00", "exchange": ami.exchange_id})
    assert [nowhere.json()["errors"].keys(), nothing.json()["errors"].keys()] == [{"exchange"}, {"number"}]
    assert twice.status_code == 409


async def test_a_line_is_changed_and_calls_from_then_on_tell_so(ami: AmiHarness) -> None:
    changed = await ami.api.patch(
        f"/lines/{ami.line_id}",
        json={"name": "Billboard", "source": {"value": "billboard_m4"}, "reach_by": ["call", "telegram"]},
    )
    assert changed.json()["name"] == "Billboard"
    await ami.pbx.customer_calls(ami.number_of("saw it"))
    call = await ami.call_of("saw it")
    (received,) = await ami.arrivals(1)
    assert (call.line.name, call.line.reach_by) == ("Billboard", ("call", "telegram"))
    assert received.source is not None
    assert (received.source.kind, received.source.value) == ("line", "billboard_m4")


async def test_what_a_line_had_can_be_taken_back(ami: AmiHarness) -> None:
    path = f"/lines/{ami.line_id}"
    await ami.api.patch(path, json={"source": {"value": "billboard"}, "flow": {"ring": ["anna"]}})
    changed = await ami.api.patch(path, json={"source": None, "name": "Sales"})
    line = changed.json()
    assert (line["source"], line["name"], line["flow"]["ring"]) == (None, "Sales", ["anna"])
