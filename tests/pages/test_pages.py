"""The workspace in a real browser, against a hub with the demo's cast; each spec lists its behaviours by sentence."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from hub.testing.customer import Customer
from hub.testing.pages import show, unavailable, with_cast
from hub.testing.processes import HubProcess

pytestmark = [pytest.mark.slow, pytest.mark.connected]
PAGE = """<html><body style="font-family: serif"><h1 style="color: #2b50cc">Наш каталог</h1>
<p>Ромашки и кактусы.</p><img src="https://tracker.example/pixel.gif"><script>parent.broken = 1</script></html>"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    if reason := unavailable():
        pytest.skip(f"{reason}: the workspace is not tried")
    with with_cast(tmp_path_factory.mktemp("pages") / "hub") as running:
        yield running


def shows(spec: str, hub: HubProcess, **environ: str) -> None:
    """What the spec says is the failure."""
    ran = show(f"{spec}.spec.mjs", hub, **environ)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr[-3000:]}"


def test_no_draft_is_lost_and_none_goes_to_another_client(hub: HubProcess) -> None:
    shows("drafts", hub)


def test_an_answer_goes_out_once_where_it_belongs_and_claims_nothing_that_is_not_so(hub: HubProcess) -> None:
    shows("sending", hub)


def test_no_focus_is_stolen_no_letter_runs_a_command_and_everything_goes_without_a_mouse(hub: HubProcess) -> None:
    shows("keys", hub)


def test_lists_counters_and_colleagues_are_shown_as_they_are_after_every_cut(hub: HubProcess) -> None:
    facts = hub.facts()
    customer = Customer(facts, next(each for each in facts["cast"] if each.get("address")))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = customer.address, "support@romashka.example", "Каталог"
    mail["Message-ID"] = "<catalogue@example.com>"
    mail.set_content("Ромашки и кактусы.")
    mail.add_alternative(PAGE, subtype="html")
    customer.sends(mail, "support@romashka.example")
    shows("live", hub)


def test_colleagues_are_told_what_is_asked_of_them_in_all_tabs_as_they_want_it(hub: HubProcess) -> None:
    shows("colleagues", hub)


def test_one_gets_in_by_codes_and_passkeys_and_is_led_through_them_where_his_role_takes_them(hub: HubProcess) -> None:
    shows("factors", hub)


def test_accounts_are_made_and_changed_in_the_page_and_refusals_stand_at_their_fields(hub: HubProcess) -> None:
    shows("settings", hub)


def test_what_is_planned_stands_in_the_calendars_of_all_concerned_and_moves_as_one_moves_it(hub: HubProcess) -> None:
    shows("calendar", hub)


def test_what_money_is_shown_is_what_the_hub_counts_with_what_stands_behind_it(hub: HubProcess) -> None:
    shows("money", hub)


def test_plans_events_forms_and_files_of_marketers_are_made_in_the_page_and_refusals_stand_at_their_fields(
    hub: HubProcess,
) -> None:
    facts = hub.facts()
    guest = next(each for each in facts["cast"] if each.get("address"))
    shows("marketing", hub, IMAP=facts["imap"], MAIL_USER=guest["user"], MAIL_PASSWORD=guest["password"])


def test_whoever_is_to_be_phoned_comes_with_his_script_and_the_board_counts_who_is_there(hub: HubProcess) -> None:
    shows("calls", hub)


def test_clients_are_classed_and_series_run_from_the_page_and_a_hub_that_reaches_nobody_says_so(
    hub: HubProcess,
) -> None:
    shows("mailings", hub)


def test_every_screen_is_accessible_in_both_languages_and_themes_and_fits_a_phone(hub: HubProcess) -> None:
    shows("screens", hub)
