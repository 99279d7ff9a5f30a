"""The rules that put an arrival into a chain."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.contracts.interaction import Role
from hub.kit.clock import iso
from hub.testing.builders import NOON, a_participant, an_arrival
from services.interactions.linking import (
    Claim,
    Decision,
    Head,
    Known,
    Rules,
    link,
    mailed_chain_id,
    new_chain_id,
    subject_key,
)
from services.interactions.models import with_head

DAY = timedelta(hours=24)
ANNA = "cl_anna"


def decided(*arrivals: object, known: Known | None = None) -> list[Decision]:
    return link(arrivals, known or Known(), Rules(DAY))  # type: ignore[arg-type]


def anna_with(*heads: Head) -> Known:
    return Known({"email:anna@example.com": ANNA}, {}, {ANNA: {head.id: head for head in heads}})


def a_head(chain_id: str, subject: str = "", *, hours_ago: float = 1) -> Head:
    return Head(chain_id, ANNA, subject_key(subject), NOON - timedelta(hours=hours_ago), f"in_{chain_id}")


def test_an_unknown_sender_opens_a_client_and_a_chain() -> None:
    (decision,) = decided(an_arrival())
    assert decision.new_address
    assert decision.new_client
    assert decision.new_chain
    assert decision.link.rule == "new_chain"
    assert decision.cause_id is None


def test_twenty_first_mails_of_one_batch_open_one_client_and_one_chain() -> None:
    decisions = decided(*(an_arrival(n, subject=("Re: " * (n % 3)) + "Где мой заказ?") for n in range(20)))
    assert len({d.client_id for d in decisions}) == 1
    assert len({d.chain_id for d in decisions}) == 1
    assert [d.new_chain for d in decisions] == [True] + [False] * 19


def test_a_reference_wins_over_everything_else() -> None:
    known = anna_with(a_head("ch_open", "Где мой заказ?"))
    known.claims["email:<old@example.com>"] = Claim("ch_old", ANNA, "in_old", "in_old")
    (decision,) = decided(an_arrival(refs=("email:<old@example.com>",)), known=known)
    assert (decision.chain_id, decision.cause_id) == ("ch_old", "in_old")
    assert (decision.link.rule, decision.link.evidence) == ("reference", "email:<old@example.com>")


def test_the_most_telling_reference_decides() -> None:
    claims = {"email:<b@x>": Claim("ch_b", ANNA, "in_b", "in_b"), "email:<a@x>": Claim("ch_a", ANNA, "in_a", "in_a")}
    (decision,) = decided(
        an_arrival(refs=("email:<gone@x>", "email:<b@x>", "email:<a@x>")), known=Known({}, claims, {ANNA: {}})
    )
    assert decision.chain_id == "ch_b"


def test_a_reply_from_another_address_lands_in_the_chain_and_claims_no_address() -> None:
    known = anna_with(a_head("ch_1"))
    known.claims["token:ABCDEFGHIJKLMNOP"] = Claim("ch_1", ANNA, "in_answer", "in_answer")
    (decision,) = decided(an_arrival(sender="anna.home@example.net", refs=("token:ABCDEFGHIJKLMNOP",)), known=known)
    assert (decision.client_id, decision.chain_id) == (ANNA, "ch_1")
    assert not decision.new_address


def test_the_same_subject_finds_the_chain_among_several() -> None:
    known = anna_with(a_head("ch_1", "Счёт", hours_ago=900), a_head("ch_2", "Доставка"))
    (decision,) = decided(an_arrival(subject="RE: [ext] Fwd: счёт"), known=known)
    assert (decision.chain_id, decision.link.rule) == ("ch_1", "same_subject")


def test_letters_about_five_matters_are_five_chains() -> None:
    letters = [an_arrival(n, subject=f"Дело {n % 5}") for n in range(15)]
    decisions = decided(*letters)
    assert len({d.client_id for d in decisions}) == 1
    assert [d.chain_id for d in decisions] == [d.chain_id for d in decisions[:5]] * 3
    assert [d.link.rule for d in decisions] == ["new_chain"] * 5 + ["same_subject"] * 10


def test_a_letter_with_a_subject_of_its_own_joins_the_only_open_chain_where_that_is_wanted() -> None:
    (decision,) = link([an_arrival()], anna_with(a_head("ch_1", "Другое")), Rules(DAY, letters_join=True))
    assert (decision.chain_id, decision.link.rule) == ("ch_1", "open_chain")


@pytest.mark.parametrize("subject", ["", "Re:", "  Отв: Re[2]: "])
def test_the_single_open_chain_takes_what_has_no_subject_within_the_reply_window(subject: str) -> None:
    (decision,) = decided(an_arrival(subject=subject), known=anna_with(a_head("ch_1", "Другое")))
    assert (decision.chain_id, decision.link.rule, decision.cause_id) == ("ch_1", "open_chain", "in_ch_1")


@pytest.mark.parametrize(
    "known",
    [anna_with(a_head("ch_1", "Другое", hours_ago=25)), anna_with(a_head("ch_1", "А"), a_head("ch_2", "Б"))],
    ids=["after the window", "with two open chains"],
)
def test_otherwise_a_known_client_opens_a_new_chain(known: Known) -> None:
    (decision,) = decided(an_arrival(), known=known)
    assert decision.new_chain
    assert not decision.new_client


def test_an_automatic_reply_does_not_join_the_only_open_chain() -> None:
    (decision,) = decided(an_arrival(auto="auto-reply"), known=anna_with(a_head("ch_1", "Другое")))
    assert (decision.link.rule, decision.new_client) == ("new_chain", False)


@pytest.mark.parametrize("mark", ["Автоответ: ", "Automatic reply: Re: ", "Undeliverable: ", "Re: ", "Абвгд: "])
def test_an_automatic_reply_finds_the_chain_by_the_subject_it_repeats(mark: str) -> None:
    arrival = an_arrival(auto="auto-reply", subject=f"{mark}Счёт")
    (decision,) = decided(arrival, known=anna_with(a_head("ch_1", "Счёт"), a_head("ch_2")))
    assert decision.link.rule == ("same_subject" if mark != "Абвгд: " else "new_chain")


def test_a_mail_of_a_list_is_linked_as_any_other() -> None:
    (decision,) = decided(an_arrival(auto="list", subject=""), known=anna_with(a_head("ch_1", "Другое")))
    assert decision.link.rule == "open_chain"


def test_a_question_that_comes_after_its_answer_joins_the_answers_chain() -> None:
    answer = an_arrival(2, sender="boris@example.com", refs=("email:<1@example.com>",))
    first, second = decided(answer, an_arrival(1))
    assert second.chain_id == first.chain_id
    assert second.link.rule == "reference"


def test_a_mail_that_comes_again_after_a_crash_finds_the_chain_it_opened() -> None:
    arrival = an_arrival(7)
    own = new_chain_id(arrival.id)
    head = Head(own, ANNA, "", NOON, arrival.id)
    (decision,) = decided(arrival, known=anna_with(head, a_head("ch_other")))
    assert (decision.chain_id, decision.link.rule, decision.cause_id) == (own, "new_chain", None)


def test_our_own_address_never_becomes_a_client() -> None:
    participants = (
        a_participant(Role.FROM, "form@romashka.example", ours=True),
        a_participant(Role.REPLY_TO, "anna@example.com"),
        a_participant(Role.TO, "support@romashka.example", ours=True),
    )
    (decision,) = decided(an_arrival(participants=participants))
    assert decision.address is not None
    assert decision.address.address == "email:anna@example.com"


def test_a_message_from_nobody_still_has_a_client_of_its_own() -> None:
    first, second = decided(an_arrival(1, participants=()), an_arrival(2, participants=(), keys=()))
    assert first.client_id != second.client_id
    assert not first.new_address


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ("Re: Отв: Re[2]: Заказ  17", "заказ 17"),
        ("FW: [EXTERNAL] Fwd: Invoice", "invoice"),
        ("Реклама", "реклама"),
        ("Re:", ""),
        ("[Заказ 17] Доставка", "[заказ 17] доставка"),
        ("На: встречу", "встречу"),
    ],
)
def test_prefixes_and_spacing_do_not_make_another_matter(subject: str, key: str) -> None:
    assert subject_key(subject) == key


def test_linking_a_long_subject_of_prefixes_takes_no_time() -> None:
    assert subject_key("Re: " * 20_000 + "x") == "x"


def test_of_two_chains_of_one_subject_the_newest_goes_on() -> None:
    for order in ((5, 1), (1, 5)):
        heads = [a_head(f"ch_{hours}", "Счёт", hours_ago=hours) for hours in order]
        (decision,) = decided(an_arrival(subject="Re: Счёт"), known=anna_with(*heads))
        assert (decision.chain_id, decision.link.rule) == ("ch_1", "same_subject")


def test_an_older_message_that_comes_late_does_not_move_its_chain_back() -> None:
    known = anna_with(a_head("ch_1", "Счёт", hours_ago=1))
    known.claims["email:<old@x>"] = Claim("ch_1", ANNA, "in_old", "in_old")
    late = an_arrival(1, refs=("email:<old@x>",), at=NOON - timedelta(hours=40))
    bare = an_arrival(2, subject="", at=NOON)
    decisions = decided(late, bare, known=known)
    assert [(one.chain_id, one.cause_id) for one in decisions] == [("ch_1", "in_old"), ("ch_1", "in_ch_1")]


def test_the_stored_head_of_a_chain_does_not_move_back() -> None:
    client = {"_id": ANNA, "open_chains": []}
    newer, older = iso(NOON), iso(NOON - timedelta(hours=40))
    client = with_head(client, "in_new", "ch_1", "Счёт", newer, "email:mb")
    client = with_head(client, "in_old", "ch_1", "Счёт", older, "email:mb")
    (head,) = client["open_chains"]
    assert (head["last_at"], head["last_id"]) == (newer, "in_new")


def test_what_a_message_claimed_itself_before_a_crash_tells_it_nothing() -> None:
    arrival = an_arrival(refs=("email:<unknown@x>",), keys=("email:<1@example.com>",))
    claims = {name: Claim("ch_crashed", ANNA, None, arrival.id) for name in arrival.refs}
    answered = {name: Claim("ch_crashed", ANNA, None, arrival.id) for name in arrival.keys}
    known = replace(anna_with(), claims=claims, answered=answered)
    (decision,) = decided(arrival, known=known)
    assert (decision.link.rule, decision.chain_id) == ("new_chain", new_chain_id(arrival.id))


def test_a_client_who_was_copied_answers_in_his_own_chain() -> None:
    known = anna_with(a_head("ch_1"))
    copied = frozenset({"email:anna@example.com", "email:expert@lab.example"})
    known.claims["email:<ours@x>"] = Claim("ch_1", ANNA, "in_ours", "in_ours", copied)
    his, outsiders = decided(
        an_arrival(1, refs=("email:<ours@x>",)),
        an_arrival(2, sender="expert@lab.example", refs=("email:<ours@x>",)),
        known=known,
    )
    assert (his.chain_id, his.link.rule) == ("ch_1", "reference")
    assert (outsiders.link.rule, outsiders.link.parent) == ("side_chain", "ch_1")


def test_two_strangers_who_were_copied_are_two_clients_in_chains_of_their_own_that_say_why() -> None:
    known = anna_with(a_head("ch_1"))
    copied = frozenset({"email:expert@lab.example", "email:guest@there.example"})
    known.claims["email:<ours@x>"] = Claim("ch_1", ANNA, "in_ours", "in_ours", copied)
    decisions = decided(
        an_arrival(1, sender="expert@lab.example", refs=("email:<ours@x>",)),
        an_arrival(2, sender="guest@there.example", refs=("email:<ours@x>",)),
        known=known,
    )
    assert len({one.client_id for one in decisions}) == len({one.chain_id for one in decisions}) == 2
    assert ANNA not in {one.client_id for one in decisions}
    assert all(one.client_id.startswith("cl_") and one.chain_id.startswith("ch_") for one in decisions)
    assert {(one.link.evidence, one.cause_id) for one in decisions} == {("email:<ours@x>", "in_ours")}


def test_an_answer_under_another_subject_says_which_and_what_it_answers() -> None:
    known = anna_with(a_head("ch_1", "Счёт"))
    known.claims["email:<ours@x>"] = Claim("ch_1", ANNA, "in_ours", "in_ours")
    (decision,) = link(
        (an_arrival(1, subject="Доставка", refs=("email:<ours@x>",)),), known, Rules(DAY, subject_change="new_chain")
    )
    assert (decision.link.rule, decision.link.evidence) == ("subject_changed", subject_key("Доставка"))
    assert (decision.link.continues, decision.cause_id) == ("ch_1", "in_ours")


def test_each_message_of_a_mailing_opens_a_chain_of_its_own_for_each_address() -> None:
    opened = {mailed_chain_id(message, address) for message in ("in_1", "in_2") for address in ("email:a", "email:b")}
    assert len(opened) == 4
    assert all(chain_id.startswith("ch_") for chain_id in opened)


def test_a_chain_opens_again_up_to_the_very_end_of_the_time_for_it() -> None:
    rules = Rules(reopen_within=DAY)
    assert [rules.too_late(NOON, NOON + DAY + more) for more in (timedelta(0), timedelta(seconds=1))] == [False, True]
