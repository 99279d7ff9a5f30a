from datetime import UTC, datetime, timedelta

from services.email.bounces.models import Bounce, Recipient
from services.email.bounces.policy import Allowance, Mark, may_answer_automatically, severity_of, standing

NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)


def soft(*days: float) -> list[Mark]:
    return [Mark(NOW + timedelta(days=day), "soft") for day in days]


def a_recipient(**over: str) -> Recipient:
    values = {"action": "failed", "status": "5.1.1", "reply_code": "550", "reason": "user-unknown"} | over
    return Recipient("anna@there.example", text="", **values)


def test_one_hard_bounce_makes_an_address_invalid():
    assert standing([Mark(NOW, "hard")]) == "invalid"


def test_four_soft_bounces_leave_an_address_valid():
    assert standing(soft(0, 3, 6, 9)) == "valid"


def test_five_soft_bounces_in_one_bad_day_leave_an_address_valid():
    assert standing(soft(0, 0.2, 0.4, 0.6, 0.8)) == "valid"


def test_five_soft_bounces_over_a_week_make_an_address_invalid_in_any_order():
    assert standing(soft(7, 0, 2, 4, 6)) == "invalid"


def test_a_delivery_forgives_the_bounces_before_it():
    assert standing([Mark(NOW, "hard"), *soft(1)], delivered_at=NOW + timedelta(hours=1)) == "valid"


def test_a_delivery_does_not_forgive_a_complaint():
    assert standing([Mark(NOW, "complaint")], delivered_at=NOW + timedelta(days=1)) == "complained"


def test_a_delay_says_nothing_against_an_address():
    assert severity_of(Bounce("soft"), a_recipient(action="delayed")) is None


def test_each_recipient_of_a_notice_is_judged_alone():
    full = a_recipient(reason="mailbox-full", status="5.2.2")
    notice = Bounce("hard", (a_recipient(), full))
    assert [severity_of(notice, one) for one in notice.recipients] == ["hard", "soft"]


def test_a_vacation_notice_says_nothing_against_an_address():
    assert severity_of(Bounce("auto-reply"), a_recipient()) is None


def test_the_fourth_automatic_mail_in_a_day_is_not_sent():
    times = [NOW - timedelta(hours=hours) for hours in (1, 2, 3)]
    assert not may_answer_automatically(times, NOW)
    assert may_answer_automatically(times[:2], NOW)


def test_an_automatic_mail_of_yesterday_counts_no_more():
    assert may_answer_automatically([NOW - timedelta(days=1)], NOW, allowance=Allowance(mails=1))


def test_a_robot_gets_no_automatic_answer():
    assert not may_answer_automatically([], NOW, auto="auto-reply")
