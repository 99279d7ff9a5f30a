"""Header text and parameters in their sound and broken forms."""

import pytest

from services.email.mime import params, words
from services.email.mime.parse import parse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?0J/RgNC40LLQtdGC?=", "Привет"),
        (b"=?UTF-8?q?=D0=9F=D1=80=D0=B8?=", "При"),
        (b"=?koi8-r?B?8NLJ18XU?= and more", "Привет and more"),
        (b"=?utf-8?Q?one_two=5Fthree?=", "one two_three"),
        (b"=?utf-8?Q?one?= =?utf-8?Q?two?=", "onetwo"),
        (b"=?utf-8?Q?one?=\r\n =?iso-8859-1?Q?=E9?=", "oneé"),
        (b"=?utf-8?Q?one?= two =?utf-8?Q?three?=", "one two three"),
        (b"=?utf-8?B?0J/RgNC40LLQ?= =?utf-8?B?tdGC?=", "Привет"),
        (b"=?utf-8?Q?=D0=9F=D1?= =?utf-8?Q?=80=D0=B8?=", "При"),
        (b"=?utf-8?B?0J/Rg?= =?utf-8?B?NC40LLQtdGC?=", "Привет"),
        (b"=?utf-8?B?0J/RgNC40LLQtdGC?==?utf-8?B?IQ==?=", "Привет!"),
        (b"=?utf-8?B?0J/RgNC40LLQtdGC", "Привет"),
        (b"=?utf-8?Q?with spaces inside?=", "with spaces inside"),
        (b"=?utf-8*ru?Q?with=20language?=", "with language"),
        (b"=?no-such-charset?Q?caf=E9?=", "café"),
        (b"=?unknown-8bit?B?z/Do4uXy?=", "Привет"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"a =? b ?= c", "a =? b ?= c"),
        (b"=?utf-8?Q??=", ""),
        (b"=?us-ascii?Q?caf=E9_au_lait?=", "café au lait"),
        (b"=?iso-2022-jp?B?GyRCJTUhPCVTJTkbKEI=?=", "サービス"),
        ("сырой заголовок".encode(), "сырой заголовок"),
        ("Сырой заголовок письма".encode("koi8-r"), "Сырой заголовок письма"),
        ("Сырой заголовок письма".encode("cp1251"), "Сырой заголовок письма"),
        (b"\x1b$B%5!<%S%9\x1b(B", "サービス"),
        (b"folded\r\n\tvalue", "folded value"),
        (b"=?utf-8?Q?line=0D=0ABcc:_x?=", "line Bcc: x"),
    ],
)
def test_header_text_is_read(value: bytes, expected: str) -> None:
    assert words.decode(value) == expected


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"filename=a.pdf", "a.pdf"),
        (b'filename="a b.pdf"; size=3', "a b.pdf"),
        (b"filename=a b c.pdf", "a b c.pdf"),
        (b"FileName = a.pdf", "a.pdf"),
        (b'filename="a;b.pdf"', "a;b.pdf"),
        (b'filename="say \\"hi\\".pdf"', 'say "hi".pdf'),
        (b'filename="C:\\Docs\\a.pdf"', "C:\\Docs\\a.pdf"),
        (b"filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        (b"filename*=UTF-8''a.pdf; filename=b.pdf", "a.pdf"),
        (b"filename=b.pdf; filename*=UTF-8''a.pdf", "a.pdf"),
        (b"filename*=koi8-r'ru'%F3%DE%C5%D4.pdf", "Счет.pdf"),
        (b"filename*0=long; filename*1=name; filename*2=.pdf", "longname.pdf"),
        (b"filename*1=name; filename*0=long", "longname"),
        (b"filename*0*=utf-8''%D0%A1; filename*1*=%D1%87; filename*2=.pdf", "Сч.pdf"),
        (b"filename*0*=utf-8''%D0%A1%D1; filename*1*=%87.pdf", "Сч.pdf"),
        (b"filename*=%D0%A1%D1%87.pdf", "Сч.pdf"),
        (b'filename="=?utf-8?B?0KHRh9GR0YI=?=.pdf"', "Счёт.pdf"),
        (b"filename==?utf-8?B?0KHRh9GR0YI=?=", "Счёт"),
        (b'filename*0="=?utf-8?B?0KHR"; filename*1="h9GR0YI=?="', "Счёт"),
        ("filename=Счёт.pdf".encode(), "Счёт.pdf"),
        ('filename="Счёт за март.pdf"'.encode("cp1251"), "Счёт за март.pdf"),
        (b'filename="unclosed.pdf', "unclosed.pdf"),
        (b"filename=a.pdf size=3", "a.pdf"),
        (b'filename="a\r\n b.pdf"', "a b.pdf"),
        (b"filename=", None),
    ],
)
def test_file_names_are_read_as_they_were_meant(header: bytes, name: str | None) -> None:
    mail = parse(b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + header + b"\r\n\r\nx")
    assert mail.attachments[0].filename == name


def test_the_name_of_the_content_type_serves_where_the_disposition_has_none() -> None:
    mail = parse(b"Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\n\nx")
    assert mail.attachments[0].filename == "a.pdf"


def test_content_types_are_read_in_all_their_spellings() -> None:
    assert params.parse(b" TEXT/Plain ; CHARSET=UTF-8").main == "text/plain"
    assert params.parse(b"text / html; charset=x").main == "text/html"
    assert params.parse(b"text/plain (a comment); charset=x").params["charset"] == "x"
    assert params.parse(b"text/plain; charset=a; charset=b").params["charset"] == "a"
    assert dict(params.parse(b"text/plain;;; ; =; a; =b").params) == {}
    assert parse(b"Content-Type: text\n\nx").text == "x"
    assert parse(b"Content-Type: charset=utf-8\n\nx").text == "x"
    assert parse(b"Content-Type: nonsense\n\nx").text == "x"
