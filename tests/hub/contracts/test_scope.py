"""Whose records somebody sees, and what of them."""

import pytest

from hub.contracts.scope import (
    EVERYTHING,
    OPEN,
    SHOWN,
    Scope,
    Shown,
    scope_of,
    seen_by,
    shown_to,
    strictest,
    with_team,
)


def shown(
    reach: tuple[str, ...], tokens: list[str], *, teams: tuple[str, ...] = ("a",), private: bool = False, **how: Shown
) -> Shown:
    return shown_to("anna", teams, reach, tokens=tokens, private=private, others=how.get("others", "full"))


def test_the_most_particular_word_about_a_thing_counts_and_silence_means_nothing() -> None:
    scopes = {"*": Scope.TEAM, "*.remove": Scope.NONE, "client": Scope.OWN, "client.read": Scope.ALL}
    found = [scope_of(scopes, *each) for each in (("client", "read"), ("client", "remove"), ("chain", "remove"))]
    assert found == [Scope.ALL, Scope.OWN, Scope.NONE]
    assert scope_of(scopes, "chain", "read") is Scope.TEAM
    assert scope_of({"client": Scope.ALL}, "chain", "read") is Scope.NONE


def test_a_record_is_seen_by_its_owner_and_its_teams_and_by_everybodys_token_where_it_has_none() -> None:
    assert seen_by("anna", ["a", None]) == ["owner:anna", "team:a"]
    assert seen_by(None, [None]) == [OPEN]
    assert with_team(["owner:anna", OPEN], "b") == ["owner:anna", "team:b"]
    assert with_team([OPEN], None) == [OPEN]


def test_what_is_out_of_reach_is_not_there_and_what_one_owns_is_whole() -> None:
    assert shown(("owner:anna", OPEN), ["team:b"]) == "nothing"
    assert shown((), ["owner:anna"]) == "nothing"
    assert shown(("owner:anna",), ["owner:anna", "team:b"], private=True, others="nothing") == "full"


@pytest.mark.parametrize("others", SHOWN)
def test_of_a_confidential_one_others_see_as_much_as_is_said_whoever_they_are(others: Shown) -> None:
    assert shown((EVERYTHING,), ["team:b"], others=others) == others
    assert shown((EVERYTHING,), ["team:a"], others=others) == "full"


def test_of_a_private_one_even_its_team_sees_that_it_is_there_and_no_more() -> None:
    for reach in ((EVERYTHING,), ("team:a",)):
        assert shown(reach, ["owner:boris", "team:a"], private=True) == "metadata"
        assert shown(reach, ["owner:boris", "team:a"], private=True, others="nothing") == "nothing"


def test_what_came_by_several_accounts_is_as_confidential_as_the_strictest() -> None:
    assert strictest("full", None, "metadata", "subject") == "metadata"
    assert strictest() == "full"
