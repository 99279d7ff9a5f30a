"""Ids that other processes and later versions must compute alike."""

from hub.kit.ids import derive, fresh, moment_of

GOLDEN = {
    "mail": "itn_3be6ea47520000e9b939e0ec16985835",
    "nothing": "itn_3936fed135d119be3614af2d2f8ca54c",
    "cyrillic": "cli_00ac678346ffd7044d566e72adf14043",
    "bytes": "blob_68e4a3f0eda954f97823e66aa0be9bf6",
    "surrogate": "itn_2065b8ccf579ea44559c8a6c27a0e13e",
}


def test_derived_ids_never_change() -> None:
    """These are stored and sent: a difference here would double every message after an upgrade."""
    assert derive("itn", "email", "<1@example.com>") == GOLDEN["mail"]
    assert derive("itn") == GOLDEN["nothing"]
    assert derive("cli", "email:анна@пример.рф") == GOLDEN["cyrillic"]
    assert derive("blob", b"\x00\xff", "text") == GOLDEN["bytes"]
    assert derive("itn", "\udcff") == GOLDEN["surrogate"]


def test_text_and_its_bytes_are_the_same_part() -> None:
    assert derive("x", "é") == derive("x", "é".encode())


def test_parts_do_not_run_into_each_other() -> None:
    ids = {derive("x", *parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"))}
    assert len(ids) == 5


def test_kinds_do_not_meet() -> None:
    assert derive("a", "x")[2:] != derive("b", "x")[2:]


def test_an_id_is_short_lower_case_and_fit_for_a_url() -> None:
    for made in (derive("itn", "x"), fresh("itn")):
        kind, _, rest = made.partition("_")
        assert (kind, len(rest)) == ("itn", 32)
        assert rest.isascii()
        assert rest.isalnum()
        assert rest == rest.lower()


def test_fresh_ids_differ() -> None:
    assert len({fresh("x") for _ in range(1000)}) == 1000


def test_ids_of_one_moment_lie_together_and_tell_it() -> None:
    early, late = (derive("itn", "x", at=at) for at in (1_772_452_800, 1_772_452_801))
    assert (early[:12], late[:12]) == ("itn_69a57bc0", "itn_69a57bc1")
    assert early[12:] == late[12:] == derive("itn", "x")[12:]
    assert moment_of(early) == moment_of(fresh("itn", at=1_772_452_800)) == 1_772_452_800


def test_a_moment_beyond_eight_digits_and_a_strange_id_do_no_harm() -> None:
    assert len(derive("itn", "x", at=2**40)) == len(derive("itn", "x"))
    assert moment_of("") == moment_of("itn_?") == 0
