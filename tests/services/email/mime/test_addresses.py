"""Address headers, also those that break the grammar."""

import pytest

from services.email.mime.addresses import parse
from services.email.mime.identity import normalise_address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("<a@b.example>", [("", "a@b.example")]),
        ("Anna <a@b.example>", [("Anna", "a@b.example")]),
        ('"Ivanova, Anna" <a@b.example>', [("Ivanova, Anna", "a@b.example")]),
        ("Ivanova, Anna <a@b.example>", [("Ivanova, Anna", "a@b.example")]),
        ("a@b.example (Anna)", [("Anna", "a@b.example")]),
        ("Anna (sales) Ivanova <a@b.example>", [("Anna Ivanova (sales)", "a@b.example")]),
        ("(nested (comment) here) a@b.example", [("nested (comment) here", "a@b.example")]),
        ("a@b.example, c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
        ("a@b.example; c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
        ("a@b.example,, ,c@d.example,", [("", "a@b.example"), ("", "c@d.example")]),
        ("A <a@b.example> C <c@d.example>", [("A", "a@b.example"), ("C", "c@d.example")]),
        ("undisclosed-recipients:;", []),
        ("Friends: A <a@b.example>, c@d.example;, e@f.example",
         [("A", "a@b.example"), ("", "c@d.example"), ("", "e@f.example")]),
        ("=?utf-8?B?0JDQvdC90LA=?= <a@b.example>", [("Анна", "a@b.example")]),
        ('"=?utf-8?B?0JDQvdC90LA=?=" <a@b.example>', [("Анна", "a@b.example")]),
        ("=?utf-8?Q?Ivanova=2C_Anna?= <a@b.example>", [("Ivanova, Anna", "a@b.example")]),
        ("=?utf-8?Q?Ivanova,_Anna?= <a@b.example>", [("Ivanova, Anna", "a@b.example")]),
        ("=?utf-8?B?0JDQvdC90LA=?=<a@b.example>", [("Анна", "a@b.example")]),
        ('"a@b.example" <a@b.example>', [("a@b.example", "a@b.example")]),
        ("'Anna' <a@b.example>", [("Anna", "a@b.example")]),
        ("Anna a@b.example", [("Anna", "a@b.example")]),
        ("Anna <a@b.example", [("Anna", "a@b.example")]),
        ("Anna <mailto:a@b.example>", [("Anna", "a@b.example")]),
        ("Anna <@relay.example:a@b.example>", [("Anna", "a@b.example")]),
        ("Anna < a @ b.example >", [("Anna", "a@b.example")]),
        ('"two words"@b.example', [("", '"two words"@b.example')]),
        ("Moderator", [("Moderator", "")]),
        ('"unclosed <a@b.example>', [("unclosed", "a@b.example")]),
        ("Анна <анна@почта.рф>", [("Анна", "анна@почта.рф")]),
        ("", []),
        ("<>", []),
        (",;:()<>\"", []),
    ],
)  # fmt: skip
def test_addresses_are_read(value: str, expected: list[tuple[str, str]]) -> None:
    assert list(parse([value.encode()])) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna@Example.COM", "email:anna@example.com"),
        ("Anna <Anna@Example.COM> ", "email:anna@example.com"),
        ("anna@почта.рф", "email:anna@xn--80a1acny.xn--p1ai"),
        ("anna(home)@example.com", "email:anna@example.com"),
        ('"anna"@example.com', "email:anna@example.com"),
        ("anna@example.com.", "email:anna@example.com"),
        ("nobody", ""),
        ("", ""),
    ],
)
def test_an_address_has_one_normal_form(text: str, expected: str) -> None:
    assert normalise_address(text) == expected
