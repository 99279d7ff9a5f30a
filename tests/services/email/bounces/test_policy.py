"""How much a notice weighs against an address."""

import pytest

from services.email.bounces.models import Bounce, Recipient
from services.email.bounces.policy import severity_of
from services.email.bounces.reasons import is_hard


def a_recipient(**over: str) -> Recipient:
    values = {"action": "failed", "status": "5.1.1", "reply_code": "550", "reason": "user-unknown"} | over
    return Recipient("anna@there.example", text="", **values)


def test_a_delay_says_nothing_against_an_address():
    assert severity_of(Bounce("soft"), a_recipient(action="delayed")) is None


def test_each_recipient_of_a_notice_is_judged_alone():
    full = a_recipient(reason="mailbox-full", status="5.2.2")
    notice = Bounce("hard", (a_recipient(), full))
    assert [severity_of(notice, one) for one in notice.recipients] == ["hard", "soft"]


def test_a_vacation_notice_says_nothing_against_an_address():
    assert severity_of(Bounce("auto-reply"), a_recipient()) is None


@pytest.mark.parametrize(
    ("text", "hard"),
    [
        ("450 4.1.1 mailbox unavailable", True),
        ("450 4.1.1 mailbox temporarily unavailable", False),
        ("450 4.1.1 user unknown, try again later", False),
        ("450 4.1.1 адресат временно недоступен", False),
    ],
)
def test_a_server_that_says_for_now_does_not_make_an_unknown_user_a_dead_address(text: str, hard: bool):
    named = Recipient("anna@there.example", "failed", "4.1.1", "450", "user-unknown", text)
    assert is_hard(named) is hard


@pytest.mark.parametrize(("code", "hard"), [("550", True), ("551", True), ("553", True), ("554", False)])
def test_a_refusal_without_a_known_reason_is_about_the_address_where_its_code_is(code: str, hard: bool):
    assert is_hard(Recipient("anna@there.example", "failed", None, code, "other", "no")) is hard


@pytest.mark.parametrize(
    ("action", "hard"), [("failed", True), ("expired", True), ("delayed", False), ("relayed", False), ("", False)]
)
def test_only_what_did_not_arrive_for_good_is_about_the_address(action: str, hard: bool):
    assert is_hard(a_recipient(action=action)) is hard


def test_a_refusal_without_code_or_status_is_about_nobody():
    assert is_hard(a_recipient(reason="other", status="", reply_code="")) is False


@pytest.mark.parametrize(
    ("status", "code", "hard"),
    [("5.1.0", "", True), ("5.1.8", "", True), ("5.7.1", "", False), ("4.1.1", "550", False), (None, "550", True)],
)
def test_a_refusal_is_about_the_address_by_its_status_and_only_where_it_is_final(
    status: str | None, code: str, hard: bool
):
    assert is_hard(Recipient("anna@there.example", "failed", status, code, "other", "no")) is hard
