"""Threads whose headers are whole, cut, rewritten, looped, doubled or missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest

from services.email.threads import Place, base_subject, threads

DAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANNA, BOB, CLARA = "anna@firma.example", "bob@shop.example", "clara@shop.example"


class Address(NamedTuple):
    name: str
    address: str


@dataclass(frozen=True)
class Letter:
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    date: datetime | None
    from_: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()


def a_mail(
    message_id: str = "",
    *,
    answers: str = "",
    references: str = "",
    subject: str = "Boxes",
    hour: float | None = 0,
    by: str = ANNA,
    to: Sequence[str] = (BOB,),
) -> Letter:
    return Letter(
        message_id,
        tuple(answers.split()),
        tuple(references.split()),
        subject,
        None if hour is None else DAY + timedelta(hours=hour),
        Address("", by) if by else None,
        tuple(Address("", one) for one in to),
    )


def parents(*mails: Letter) -> list[int | None]:
    return [place.parent for place in threads(mails)]


def chains(*mails: Letter) -> list[int]:
    return [place.chain for place in threads(mails)]


def test_an_answer_stands_under_what_it_answers() -> None:
    first, second = a_mail("a@x"), a_mail("b@x", answers="a@x", references="a@x", hour=1)
    third, other = a_mail("c@x", references="a@x b@x", hour=2), a_mail("d@x", subject="Lids")
    assert threads([first, second, third, other]) == [Place(None, 1), Place(0, 1), Place(1, 1), Place(None, 2)]


def test_the_order_of_arrival_changes_no_parent() -> None:
    mails = [a_mail("c@x", references="a@x b@x", hour=2), a_mail("b@x", answers="a@x", hour=1), a_mail("a@x")]
    assert parents(*mails) == [1, 2, None]


def test_in_reply_to_comes_before_references() -> None:
    mails = (
        a_mail("a@x"),
        a_mail("b@x", answers="a@x", hour=1),
        a_mail("c@x", answers="a@x", references="a@x b@x", hour=2),
    )
    assert parents(*mails) == [None, 0, 0]


def test_the_last_reference_that_is_there_is_taken() -> None:
    assert parents(a_mail("a@x"), a_mail("c@x", answers="lost@x", references="a@x lost@x", hour=2)) == [None, 0]


def test_two_answers_to_a_missing_mail_are_one_chain() -> None:
    mails = a_mail("b@x", answers="lost@x", subject="One"), a_mail("c@x", answers="lost@x", subject="Two", hour=1)
    assert threads(mails) == [Place(None, 1), Place(None, 1)]


def test_a_mail_that_names_itself_is_a_root() -> None:
    assert parents(a_mail("a@x", answers="a@x", references="a@x")) == [None]


def test_a_loop_is_cut_at_its_earliest_mail() -> None:
    mails = [
        a_mail("a@x", answers="c@x", hour=0),
        a_mail("b@x", answers="a@x", hour=1),
        a_mail("c@x", answers="b@x", hour=2),
    ]
    assert parents(*mails) == [None, 0, 1]
    assert chains(*mails) == [1, 1, 1]


def test_a_loop_without_dates_is_cut_all_the_same() -> None:
    mails = [a_mail("a@x", answers="b@x", hour=None), a_mail("b@x", answers="a@x", hour=None)]
    assert parents(*mails) == [None, 0]


def test_two_mails_of_one_id_are_both_there_and_neither_is_the_others_parent() -> None:
    mails = a_mail("a@x"), a_mail("a@x", hour=1), a_mail("b@x", answers="a@x", hour=2)
    assert threads(mails) == [Place(None, 1), Place(None, 1), Place(0, 1)]


def test_of_two_mails_of_one_id_the_one_with_the_subject_is_answered() -> None:
    mails = a_mail("a@x", subject="Lids"), a_mail("a@x"), a_mail("b@x", answers="a@x", subject="Re: Boxes", hour=2)
    assert threads(mails) == [Place(None, 1), Place(None, 2), Place(1, 2)]


def test_an_id_in_another_case_is_still_found() -> None:
    assert parents(a_mail("Abc@X.Example"), a_mail("b@x", answers="abc@x.example", hour=1)) == [None, 0]


def test_mails_without_ids_are_all_there() -> None:
    mails = a_mail(subject="One"), a_mail(subject="Two"), a_mail(subject="")
    assert threads(mails) == [Place(None, 1), Place(None, 2), Place(None, 3)]


REPLIES = [
    "Re: Boxes",
    "RE: boxes",
    "Отв: Boxes",
    "AW: Boxes",
    "Re[2]: Boxes",
    "Re: Re: [list] Boxes",
    "回复：Boxes",
    "HA: Boxes",
]


@pytest.mark.parametrize("subject", REPLIES)
def test_an_answer_without_references_goes_to_the_mail_of_that_subject(subject: str) -> None:
    mails = a_mail("a@x"), a_mail("b@x", subject=subject, by=BOB, to=[ANNA], hour=1)
    assert threads(mails) == [Place(None, 1), Place(0, 1)]


def test_an_answer_to_an_id_that_a_provider_rewrote_finds_its_mail() -> None:
    mails = (
        a_mail("rewritten@x"),
        a_mail("b@x", answers="a@x", references="a@x", subject="Re: Boxes", by=BOB, to=[ANNA], hour=1),
    )
    assert threads(mails) == [Place(None, 1), Place(0, 1)]


def test_all_answers_to_a_rewritten_id_find_the_same_mail() -> None:
    mails = [
        a_mail("rewritten@x", to=[BOB, CLARA]),
        a_mail("b@x", answers="a@x", references="a@x", subject="Re: Boxes", by=BOB, to=[ANNA], hour=1),
        a_mail("c@x", answers="b@x", references="a@x b@x", subject="Re: Boxes", hour=2),
        a_mail("d@x", answers="a@x", references="a@x", subject="Re: Boxes", by=CLARA, to=[ANNA], hour=3),
    ]
    assert parents(*mails) == [None, 0, 1, 0]


def test_the_nearest_earlier_mail_of_the_subject_is_answered() -> None:
    mails = (
        a_mail("a@x"),
        a_mail("b@x", hour=5),
        a_mail("c@x", hour=9),
        a_mail("d@x", subject="Re: Boxes", by=BOB, to=[ANNA], hour=6),
    )
    assert parents(*mails) == [None, None, None, 1]


@pytest.mark.parametrize(
    "answer",
    [
        a_mail("b@x", subject="Boxes", by=BOB, to=[ANNA], hour=1),
        a_mail("b@x", subject="Re: Boxes", by=BOB, to=[CLARA], hour=1),
        a_mail("b@x", subject="Re: Boxes", by=BOB, to=[ANNA], hour=24 * 90),
        a_mail("b@x", subject="Re: Boxes", by=BOB, to=[ANNA], hour=-48),
        a_mail("b@x", subject="Re: ", by=BOB, to=[ANNA], hour=1),
        a_mail("b@x", subject="Fwd: Boxes", by=BOB, to=[ANNA], hour=1),
    ],
)
def test_a_mail_that_only_shares_something_is_no_answer(answer: Letter) -> None:
    assert threads([a_mail("a@x"), answer]) == [Place(None, 1), Place(None, 2)]


def test_a_mail_that_lost_its_references_is_placed_by_those_of_a_later_one() -> None:
    mails = a_mail("a@x"), a_mail("b@x", hour=1, by="", to=[]), a_mail("c@x", references="a@x b@x", hour=2)
    assert parents(*mails) == [None, 0, 1]


def test_an_answer_that_names_no_reader_goes_to_the_last_mail_of_its_subject() -> None:
    assert parents(a_mail("a@x"), a_mail("b@x", subject="Re: Boxes", by=BOB, to=[], hour=1)) == [None, 0]


def test_an_address_in_in_reply_to_joins_nothing() -> None:
    mails = a_mail("a@x", answers=BOB, subject="One"), a_mail("b@x", answers=BOB, subject="Two", hour=1)
    assert chains(*mails) == [1, 2]


def test_dates_of_any_kind_are_compared() -> None:
    naive = Letter("b@x", (), (), "Re: Boxes", datetime(2026, 3, 2, 13), Address("", BOB), (Address("", ANNA),))
    assert parents(a_mail("a@x"), naive) == [None, 0]


def test_a_subject_is_the_same_under_any_number_of_prefixes() -> None:
    assert base_subject("Re: Fwd: Отв: [list]  Big   Boxes") == ("big boxes", True)
    assert base_subject("Fwd: Boxes") == ("boxes", False)
    assert base_subject("Re: " * 100_000)[1] is True


def test_a_hundred_thousand_references_are_followed() -> None:
    names = [f"{number}@x" for number in range(100_000)]
    every = " ".join(names)
    mails = [
        a_mail("root@x"),
        a_mail("b@x", references=f"root@x {every}", hour=1),
        a_mail("c@x", references=every, hour=2),
    ]
    assert threads(mails) == [Place(None, 1), Place(0, 1), Place(None, 1)]


def test_a_chain_of_twenty_thousand_mails_is_one_chain() -> None:
    mails = [a_mail(f"{n}@x", answers=f"{n - 1}@x", subject="Re: Boxes", hour=n / 60) for n in range(20_000)]
    assert parents(*mails) == [None, *range(19_999)]
    assert set(chains(*mails)) == {1}


def test_twenty_thousand_mails_of_one_subject_are_placed() -> None:
    mails = [
        a_mail(f"{n}@x", subject="Re: Boxes", hour=n / 60, by=BOB if n % 2 else ANNA, to=[BOB, ANNA])
        for n in range(20_000)
    ]
    assert parents(*mails) == [None, *range(19_999)]


@pytest.mark.parametrize("seed", range(200))
def test_no_mail_is_lost_or_its_own_ancestor_whatever_the_headers_say(seed: int) -> None:
    random = Random(seed)
    ids = [f"i{number}@x" for number in range(8)] + ["", "gone@x"]
    mails = [
        a_mail(
            random.choice(ids),
            answers=" ".join(random.choices(ids, k=random.randint(0, 2))),
            references=" ".join(random.choices(ids, k=random.randint(0, 5))),
            subject=random.choice(["Boxes", "Re: Boxes", "", "Fwd: Re: Boxes"]),
            hour=random.choice([None, 0, random.randint(-99, 99)]),
            by=random.choice([ANNA, BOB, ""]),
            to=random.choices([ANNA, BOB, ""], k=random.randint(0, 2)),
        )
        for _ in range(random.randint(1, 12))
    ]
    places = threads(mails)
    assert len(places) == len(mails)
    for number, place in enumerate(places):
        above, seen = place.parent, {number}
        while above is not None:
            assert above not in seen
            assert places[above].chain == place.chain
            seen.add(above)
            above = places[above].parent
