"""SMS without a provider: segments, numbers, words of consent, signatures, which provider sends."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from hub.contracts.address import ConsentRecorded
from hub.contracts.interaction import Delivery, DeliveryRecorded, DeliveryState, InteractionReceived
from hub.kit.phones import phone
from hub.vendors.twilio import is_signed, signature
from services.interactions.deliveries import delivery_after
from services.messaging.adapters.http_sms import _filled
from services.messaging.models import Payload, SmsNumber, TwilioProvider
from services.messaging.sms.channel import Text
from services.messaging.sms.failover import Breaker, chosen
from services.messaging.sms.gsm import BASIC, EXTENSION
from services.messaging.sms.numbers import sender
from services.messaging.sms.parse import MOST_FIELDS, key_of, parse, read, went_by
from services.messaging.sms.paths import at_path
from services.messaging.sms.segments import count, substitute
from services.messaging.words import consent

DATA = Path(__file__).parents[4] / "shared" / "data"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NUMBER = SmsNumber(
    id="num_1",
    channel="sms",
    address="+74951234567",
    sender="phone:+74951234567",
    providers=(TwilioProvider(account_sid="AC", auth_token="t"),),
)


def data(*names: str) -> Any:
    path = DATA.joinpath(*names)
    if not path.exists():
        pytest.skip(f"no {path}: the vendor's examples are not here")
    return json.loads(path.read_text())


def test_encoding_segments_and_characters_are_those_of_the_vendors_calculator() -> None:
    rows = data("twilio", "sms_segments.json")
    assert len(rows) == 28
    for row in rows:
        found = count(row["body"])
        assert (found.encoding, found.segments) == (row["encoding"], row["segments"]), row["description"]
        assert found.characters == row.get("graphemes", found.characters), row["description"]


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("", ("GSM-7", 1, 0, 160)),
        ("x" * 160, ("GSM-7", 1, 160, 0)),
        ("x" * 161, ("GSM-7", 2, 161, 145)),
        ("€" * 80, ("GSM-7", 1, 160, 0)),
        ("x" * 152 + "€" + "x" * 10, ("GSM-7", 2, 164, 141)),
        ("ы" * 70, ("UCS-2", 1, 70, 0)),
        ("ы" * 71, ("UCS-2", 2, 71, 63)),
        ("ы" * 66 + "👋" + "ы" * 10, ("UCS-2", 2, 77, 55)),
        ("👨‍👩‍👧", ("UCS-2", 1, 1, 62)),
    ],
)
def test_the_room_that_is_left_counts_the_units_of_the_last_segment(text: str, view: tuple[Any, ...]) -> None:
    found = count(text)
    assert (found.encoding, found.segments, found.characters, found.remaining) == view


def test_no_escape_and_no_surrogate_pair_is_torn_whatever_the_text() -> None:
    rng = random.Random(5)
    for _ in range(500):
        text = "".join(rng.choice("ab€[{👋ы\n") for _ in range(rng.randint(0, 400)))
        found = count(text)
        gsm = all(one in BASIC or one in EXTENSION for one in text)
        assert found.encoding == ("GSM-7" if gsm else "UCS-2")
        assert 0 <= found.remaining <= 160
        assert found.segments >= 1


def test_a_tariff_gives_the_price_exactly() -> None:
    assert count("x" * 200, tariff=Decimal("3.15")).view()["price"] == "6.30"
    assert count("x").view()["price"] is None


def test_typographic_marks_become_those_of_sms_and_words_stay() -> None:
    text = "«Hello»\u00a0— it’s 5\u202f€…"
    assert substitute(text) == '"Hello" - it\'s 5 €...'
    assert (count(text).encoding, count(substitute(text)).encoding) == ("UCS-2", "GSM-7")
    assert substitute("Привет, Ёж!") == "Привет, Ёж!"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+7 (495) 123-45-67", "phone:+74951234567"),
        ("8 495 123-45-67", "phone:+74951234567"),
        ("ROMASHKA", "sms:ROMASHKA"),
        ("Дача", ""),
        ("1234", "sms:1234"),
        ("TOOLONGANAME", ""),
        ("", ""),
        ("+", ""),
    ],
)
def test_numbers_short_codes_and_names_are_told_apart(text: str, address: str) -> None:
    assert sender(text, "RU") == address


def test_example_numbers_of_every_region_are_normalised() -> None:
    regions, kinds = phonenumbers.SUPPORTED_REGIONS, phonenumbers.PhoneNumberType.values()
    found = [phonenumbers.example_number_for_type(region, kind) for region in regions for kind in kinds]
    numbers = [f"+{one.country_code}{one.national_number}" for one in found if one and not one.italian_leading_zero]
    assert len(numbers) > 1_000
    assert [number for number in numbers if phone(number) != f"phone:{number}"] == []


@pytest.mark.parametrize("text", ["STOP", " stop ", "Stop.", "СТОП", "стоп!", "Отписаться", "UNSUBSCRIBE", "opt-out"])
def test_a_word_that_ends_it_withdraws_the_consent(text: str) -> None:
    assert consent(text) == "withdrawn"


@pytest.mark.parametrize("text", ["START", "Старт", "да, стоп машина", "stop it please", "", "Не отписывайте меня"])
def test_only_the_word_alone_counts(text: str) -> None:
    assert consent(text) == ("given" if text.lower() in ("start", "старт") else None)


def test_what_the_provider_says_of_the_consent_counts_whatever_the_words() -> None:
    assert (consent("arrêt", "STOP"), consent("oui", "START"), consent("aide", "HELP")) == (
        "withdrawn",
        "given",
        None,
    )


def test_the_vendors_signatures_hold_and_wrong_ones_do_not() -> None:
    vectors = data("twilio", "signature_vectors.json")
    token = vectors["auth_token"]

    def holds(row: dict[str, Any]) -> bool:
        pairs = row.get("params_list") or list((row.get("params") or {}).items())
        form: dict[str, list[str]] = {}
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return is_signed(row["url"], form, row["signature"], token=token)

    valid = [row for row in vectors["valid"] if "params" in row or "params_list" in row]
    assert len(valid) >= 5
    assert [row for row in valid if not holds(row)] == []
    invalid = [row for row in vectors["invalid"] if "params" in row or "params_list" in row]
    assert [row for row in invalid if holds(row)] == []


def test_a_changed_value_a_changed_address_and_another_token_are_noticed() -> None:
    form = {"Body": ["Да"], "From": ["+79161234567"]}
    signed = signature("https://hub.example/hooks/sms/num_1", form, token="t")
    assert is_signed("https://hub.example/hooks/sms/num_1", form, signed, token="t")
    assert not is_signed("https://hub.example/hooks/sms/num_1", {**form, "Body": ["Нет"]}, signed, token="t")
    assert not is_signed("https://hub.example/hooks/sms/num_2", form, signed, token="t")
    assert not is_signed("https://hub.example/hooks/sms/num_1", form, signed, token="other")
    assert not is_signed("https://hub.example/hooks/sms/num_1", form, "", token="t")


def a_form(**over: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "From": "+79161234567", "To": "+74951234567", "Body": "Где заказ?", **over}


def test_a_message_is_an_interaction_of_the_number_it_came_from() -> None:
    (found,) = parse(a_form(), NUMBER, "raw/1", NOW).events
    assert isinstance(found, InteractionReceived)
    assert (found.text, found.keys, found.account) == ("Где заказ?", ("sms:twilio/SM1",), "num_1")
    assert [(p.address, p.ours) for p in found.participants] == [
        ("phone:+79161234567", False),
        ("phone:+74951234567", True),
    ]
    (again,) = parse(a_form(), NUMBER, "raw/2", NOW + timedelta(minutes=1)).events
    assert isinstance(again, InteractionReceived)
    assert again.id == found.id


def test_files_of_a_message_are_fetched_later() -> None:
    form = a_form(NumMedia="2", MediaUrl0="https://api.twilio.com/m/0", MediaContentType0="image/jpeg",
                  MediaUrl1="https://api.twilio.com/m/1", MediaContentType1="text/vcard")  # fmt: skip
    reading = parse(form, NUMBER, "raw/1", NOW)
    assert [(f.reference, f.attachment.filename, f.attachment.state) for f in reading.files] == [
        ("https://api.twilio.com/m/0", "media-1.jpg", "pending"),
        ("https://api.twilio.com/m/1", "media-2.vcf", "pending"),
    ]


def test_a_stop_is_a_message_and_a_withdrawn_consent() -> None:
    message, told = parse(a_form(Body="СТОП"), NUMBER, "raw/1", NOW).events
    assert isinstance(message, InteractionReceived)
    assert isinstance(told, ConsentRecorded)
    assert (told.state, told.words, told.evidence, told.address) == (
        "withdrawn",
        "СТОП",
        message.id,
        "phone:+79161234567",
    )


@pytest.mark.parametrize(
    "form", [{}, {"Body": "x"}, {"MessageSid": "SM1"}, {"MessageSid": "SM1", "From": "nobody?!"}]
)
def test_a_form_that_names_nobody_is_parked(form: dict[str, str]) -> None:
    reading = parse(form, NUMBER, "raw/1", NOW)
    assert (reading.events, bool(reading.unreadable)) == ((), True)


@pytest.mark.parametrize("media", ["-1", "x", "1e9", "99999999999", "", "9" * 5000, "²"])
def test_a_count_of_files_that_is_none_brings_none(media: str) -> None:
    assert parse(a_form(NumMedia=media), NUMBER, "raw/1", NOW).files == ()


def test_the_first_provider_that_works_sends_and_one_that_took_it_never_again() -> None:
    names = ["twilio", "second"]
    assert chosen(names, (), lambda _: False) == "twilio"
    assert chosen(names, (), lambda name: name == "twilio") == "second"
    assert chosen(names, (), lambda _: True) == "twilio"
    assert chosen(names, ("sms:twilio/SM1",), lambda _: False) == "second"
    assert chosen(names, ("sms:twilio/SM1", "sms:second/m-1"), lambda _: False) is None


def test_a_provider_that_fails_three_times_in_a_minute_is_left_alone_for_a_minute() -> None:
    now = 0.0
    breaker = Breaker(errors=3, span=timedelta(minutes=1), clock=lambda: now)
    for at in (0.0, 40.0, 61.0):
        now = at
        breaker.failed()
    assert not breaker.is_open
    now = 70.0
    breaker.failed()
    assert breaker.is_open
    now = 101.0
    assert not breaker.is_open


STATES = [DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ]


@pytest.mark.parametrize("final", [DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.READ])
def test_receipts_in_any_order_and_repeated_end_at_the_same_state(final: DeliveryState) -> None:
    rng = random.Random(6)
    told = [*STATES[: STATES.index(final) if final in STATES else 2], final]
    for _ in range(50):
        order = [*told, *rng.choices(told, k=3)]
        rng.shuffle(order)
        delivery = Delivery(state=DeliveryState.QUEUED)
        for state in order:
            receipt = DeliveryRecorded(interaction_id="in_1", at=NOW, state=state, receipt=True)
            delivery = delivery_after(delivery, receipt)
        assert delivery.state is final


def test_a_failure_without_a_receipt_does_not_undo_what_was_sent() -> None:
    sent = Delivery(state=DeliveryState.SENT)
    told = DeliveryRecorded(interaction_id="in_1", at=NOW, state=DeliveryState.FAILED)
    assert delivery_after(sent, told).state is DeliveryState.SENT


def test_what_was_delivered_is_not_failed_by_a_late_receipt() -> None:
    read = Delivery(state=DeliveryState.READ, receipt=True)
    told = DeliveryRecorded(interaction_id="in_1", at=NOW, state=DeliveryState.FAILED, receipt=True)
    assert delivery_after(read, told).state is DeliveryState.READ


def test_a_template_is_filled_once_and_no_text_can_fill_it_further() -> None:
    text = Text(id="in_1", address="phone:+7916", to="+7916", sender="ROMASHKA", body="{to} {from} &x=1")
    assert _filled("to={to}&text={text}", text, str) == "to=+7916&text={to} {from} &x=1"


def test_a_path_leads_into_json_or_nowhere() -> None:
    given = {"messages": [{"id": "m-1"}]}
    assert (at_path(given, "messages.0.id"), at_path(given, "messages.1.id"), at_path([], "id")) == (
        "m-1",
        None,
        None,
    )


def test_what_is_not_seen_in_an_sms_is_shown_and_leaves_its_names() -> None:
    form = a_form(Body="код\x00\r\n\u202e4321", ProfileName="Пётр\u202e\x07", MediaContentType0="image/png\r\nX: y")
    reading = parse({**form, "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/1"}, NUMBER, "raw/1", NOW)
    (found,) = [event for event in reading.events if isinstance(event, InteractionReceived)]
    assert (found.text, found.participants[0].name) == ("код\ufffd\n\ufffd4321", "Пётр")
    assert found.attachments[0].content_type == "image/png X: y"


def test_a_receipt_fits_a_message_only_by_its_provider_and_id() -> None:
    mine, other = key_of("twilio", "SM1"), key_of("second", "m-1")
    assert went_by([mine, other], "twilio", "SM1")
    assert went_by([mine, other], "second", "")
    assert went_by([], "second", "m-1")  # the answer that would have named it never came
    assert not went_by([mine], "second", "m-1")
    assert not went_by([mine], "twilio", "SM2")
    assert not went_by([mine], "twil", "io/SM1")


def test_a_form_of_too_many_fields_is_not_read() -> None:
    body = b"&".join(b"a=1" for _ in range(MOST_FIELDS + 1))
    assert "Max number of fields" in read(Payload(kind="message", raw=body), NUMBER, "raw/1", NOW).unreadable
