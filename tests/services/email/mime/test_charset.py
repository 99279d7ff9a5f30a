"""Charsets: named in many ways, missing, unknown or lying."""

import pytest

from services.email.mime.charset import codec_name, decode
from services.email.mime.model import Charset
from services.email.mime.parse import parse

SNIPPETS = (  # About thirty letters each.
    "Добрый день, пришлите счёт пожалуйста",
    "Когда приедет курьер с документами?",
    "Спасибо, деньги получили вчера",
    "ПРОСЬБА ПЕРЕЗВОНИТЬ ЗАВТРА УТРОМ",
    "Мы не успеваем к сроку, извините нас",
    "Ольга Сергеевна уже всё подписала",
    "Где находится ваш новый склад теперь",
    "Замовлення прийнято, дякуємо за довіру",
)
ENCODINGS = ("cp1251", "koi8-u", "iso8859-5", "cp866")


@pytest.mark.parametrize(
    "label", [None, "utf-8", "us-ascii", "iso-8859-1", "windows-1252", "iso-8859-2", "x-unknown"]
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_short_cyrillic_text_with_a_label_that_cannot_be_true_is_healed(encoding: str, label: str | None) -> None:
    for text in SNIPPETS:
        raw = text.encode(encoding, "ignore")
        assert decode(raw, label).text == raw.decode(encoding)


@pytest.mark.parametrize("label", ["windows-1251", "koi8-r", "iso-8859-5", "ibm866"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_short_cyrillic_text_under_the_label_of_another_cyrillic_encoding_is_healed(
    encoding: str, label: str
) -> None:
    for text in SNIPPETS[:-1]:
        raw = text.encode(encoding, "ignore")
        assert decode(raw, label).text == raw.decode(encoding)


def test_text_of_an_old_macintosh_is_recognised() -> None:
    text = "Я приехал домой. Оля сказала, что моя посылка пришла. Нужно зайти на почту."
    assert decode(text.encode("mac-cyrillic"), None) == (text, "mac_cyrillic")


@pytest.mark.parametrize(
    "text", ["Да", "Ок, жду", "Иванов", "№ 5", "Привет", "«Ромашка»", "тел.", "я", "С уважением, Анна", "ООО"]
)
@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "cp866"])
def test_a_true_cyrillic_label_holds_however_short_the_text(text: str, encoding: str) -> None:
    raw = text.encode(encoding, "ignore")
    assert decode(raw, encoding).text == raw.decode(encoding)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Café déjà vu, naïve garçon, l’été à Noël", "windows-1252"),
        ("Größe, Straße, Übermäßig, ÄÖÜ äöü", "iso-8859-1"),
        ("Año nuevo, ¿qué tal? ¡Mañana!", "iso-8859-15"),
        ("Zażółć gęślą jaźń, ŻÓŁĆ, źdźbło", "iso-8859-2"),
        ("Zażółć gęślą jaźń, ŻÓŁĆ, źdźbło", "windows-1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "windows-1250"),
        ("Καλημέρα σας, πώς είστε σήμερα το πρωί;", "iso-8859-7"),
        ("Καλημέρα σας, πώς είστε σήμερα το πρωί;", "windows-1253"),
        ("שלום, מה שלומך היום בבוקר יקירי", "windows-1255"),
        ("مرحبا، كيف حالك اليوم يا صديقي", "windows-1256"),
        ("Günaydın, şeker çok güzeldi, İğne", "iso-8859-9"),
        ("Sveiki, kā jums šodien klājas, ļoti žēl", "windows-1257"),
        ("สวัสดีครับ วันนี้เป็นอย่างไรบ้าง", "tis-620"),
        ("您好，附件是发票和合同，请查收。谢谢！", "gb2312"),
        ("您好，附件是发票和合同，请查收。谢谢！", "gb18030"),
        ("您好，附件是發票和合約，請查收。謝謝！", "big5"),
        ("こんにちは、請求書を添付します。よろしく", "shift_jis"),
        ("こんにちは、請求書を添付します。よろしく", "euc-jp"),
        ("こんにちは、請求書を添付します。", "iso-2022-jp"),
        ("안녕하세요, 청구서를 첨부합니다.", "euc-kr"),
        ("안녕하세요, 청구서를 첨부합니다.", "ks_c_5601-1987"),
        ("Добрый день", "utf-16"),
        ("Добрый день", "utf-16le"),
        ("Добрый день + 1", "utf-7"),
        ("Добрый день", "unicode-1-1-utf-7"),
        ("Добрый день", "x-mac-cyrillic"),
    ],
)
def test_a_true_label_is_believed(text: str, label: str) -> None:
    assert decode(text.encode(codec_name(label) or ""), label).text == text


@pytest.mark.parametrize("label", ["windows-1251", "koi8-r", "iso-8859-1", "us-ascii", "gb2312", None, "x-unknown"])
@pytest.mark.parametrize("text", ["Добрый день, пришлите счёт", "Zażółć gęślą jaźń", "您好，附件是发票"])
def test_utf8_is_recognised_under_any_label(text: str, label: str | None) -> None:
    assert decode(text.encode(), label) == (text, "utf-8")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("您好，附件是发票和合同，请查收。谢谢！", "gb18030"),
        ("您好，附件是發票和合約，請查收。謝謝！", "big5"),
        ("こんにちは、請求書を添付します。よろしく", "shift_jis"),
        ("こんにちは、請求書を添付します。よろしく", "euc-jp"),
        ("こんにちは、請求書を添付します。", "iso-2022-jp"),
        ("안녕하세요, 청구서를 첨부합니다.", "euc-kr"),
        ("Café déjà vu, garçon", "windows-1252"),
        ("Good day, Größe", "windows-1252"),
        ("Добрый день, коллеги", "utf-16-le"),
        ("Hello there, all of you", "utf-16-be"),
    ],
)
def test_other_languages_are_recognised_without_a_label(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), None).text == text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("Win-1251", "cp1251"),
        ("CP1251", "cp1251"),
        ("windows1251", "cp1251"),
        ("koi8r", "koi8_r"),
        ("KOI8-RU", "koi8_u"),
        ("DOS-866", "cp866"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("utf8", "utf-8"),
        ("ISO_8859-1", "cp1252"),
        ("gbk", "gb18030"),
        ("x-sjis", "cp932"),
        ("base64", None),
        ("rot13", None),
        ("idna", None),
        ("unicode_escape", None),
        ("x-unknown", None),
        ("", None),
        ("\x00", None),
        ("../../etc", None),
    ],
)
def test_names_of_charsets_are_understood(label: str, codec: str | None) -> None:
    assert codec_name(label) == codec


def test_a_few_broken_bytes_do_not_spoil_utf8() -> None:
    text = "Добрый день, коллеги. Высылаю документы."
    assert decode(text.encode() + b"\xd0", "utf-8").text == text + "\ufffd"


def test_the_label_and_what_was_used_instead_are_told() -> None:
    body = SNIPPETS[0].encode("cp1251")
    mail = parse(b"Content-Type: text/plain; charset=iso-8859-1\n\n" + body)
    assert (mail.text, mail.charset) == (SNIPPETS[0], Charset("iso-8859-1", "cp1251"))


@pytest.mark.parametrize("text", ["Їжак і ґанок у Києві, є питання", "ПРОСИМО НАДІСЛАТИ ДОГОВІР"])
def test_ukrainian_labelled_as_russian_koi8_keeps_its_letters(text: str) -> None:
    assert decode(text.encode("koi8-u"), "koi8-r").text == text


def test_a_frame_in_russian_koi8_stays_a_frame() -> None:
    text = "╓─╖\n║ Цена ║\n╙─╜ товара"
    assert decode(text.encode("koi8-r"), "koi8-r").text == text
