"""How much a notice weighs against an address."""

from services.email.bounces.models import Bounce, Recipient
from services.email.bounces.policy import severity_of


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
