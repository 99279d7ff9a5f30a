"""What is a line to the outside, what a phone, and which number was dialled, by what exchanges call them."""

import pytest

from services.telephony.calls.lines import Lines, device_of, dialled, peer_of


@pytest.mark.parametrize(
    ("name", "context", "number", "kind"),
    [
        ("PJSIP/trunk-0000001a", "from-trunk", "+74950002001", "line"),
        ("PJSIP/mango-0000001a", "from-pstn", "", "line"),
        ("PJSIP/mango-0000001a", "from-trunk-sip-mango", "101", "line"),
        ("SIP/74951234567-0000001a", "default", "", "line"),
        ("SIP/beeline-0000001a", "incoming", "89261234567", "line"),
        ("PJSIP/mango-0000001a", "default", "84950003001", "line"),
        ("DAHDI/i1/84950002001-2", "default", "", "line"),
        ("DAHDI/12-1", "from-internal", "112", "phone"),
        ("PJSIP/101-0000001a", "internal", "101", "phone"),
        ("PJSIP/101-0000001a", "dial-out", "74950000100", "phone"),
        ("PJSIP/anna-0000001a", "from-internal", "74950000100", "phone"),
        ("PJSIP/anna-0000001a", "default", "anna", "phone"),
        ("Local/103@internal-00000007;1", "internal", "", "local"),
        ("CBAnn/800-00000001;2", "", "", "machine"),
        ("Message/ast_msg_queue", "", "", "machine"),
    ],
)
def test_names_and_numbers_say_what_a_channel_is(name: str, context: str, number: str, kind: str) -> None:
    assert Lines().kind(name, context=context, number=number) == kind


@pytest.mark.parametrize("lines", [Lines(trunks=("205",)), Lines(trunks=("PJSIP/205",)), Lines(contexts=("office",))])
def test_configuration_comes_before_habit(lines: Lines) -> None:
    assert lines.kind("PJSIP/205-0000001a", context="office") == "line"
    assert Lines(extensions=("mango",)).kind("PJSIP/mango-1a", context="default", number="84950003001") == "phone"


@pytest.mark.parametrize(
    ("text", "peer", "number"),
    [
        ("74950003001@trunk", "trunk", "74950003001"),
        ("trunk/74950003001", "trunk", "74950003001"),
        ("g0/84950003001", "", "84950003001"),
        ("trunk/sip:+74950003001@192.0.2.1", "trunk", "+74950003001"),
        ("mango/anna", "mango", ""),
    ],
)
def test_the_number_is_found_in_what_was_dialled(text: str, peer: str, number: str) -> None:
    assert dialled(text, peer) == number


def test_a_channel_is_called_after_its_peer() -> None:
    names = ("PJSIP/101-0000001a", "IAX2/mango-5421", "Local/103@internal-00000007;1", "PJSIP/office-north-0000001a")
    assert [peer_of(name) for name in names] == ["101", "mango", "103", "office-north"]
    assert [device_of(name) for name in ("PJSIP/101", "PJSIP/desk-12", "101")] == ["101", "desk-12", "101"]
