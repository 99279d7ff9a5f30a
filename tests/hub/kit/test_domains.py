"""Mail addresses in one form, whoever writes them."""

import pytest

from hub.kit.domains import mail_name
from services.email.mime.identity import normalise_address


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Anna@Example.COM", "email:anna@example.com"),
        ("Info@Ромашка.РФ", "email:info@xn--80aa3agjl3d.xn--p1ai"),
        ("info@faß.example", "email:info@xn--fa-hia.example"),
        ("почта@ромашка.рф", "email:почта@xn--80aa3agjl3d.xn--p1ai"),
    ],
)
def test_an_address_that_is_entered_is_the_one_that_mails_come_from(written: str, name: str) -> None:
    assert mail_name(written) == normalise_address(written) == name


def test_a_domain_that_is_none_stays() -> None:
    assert mail_name("a@..рф") == "email:a@..рф"
