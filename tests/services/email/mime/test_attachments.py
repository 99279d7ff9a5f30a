"""Files that hide in a text or in a winmail.dat."""

import struct
from binascii import b2a_uu

from services.email.mime import rtf, tnef
from services.email.mime.parse import parse
from services.email.mime.uuencode import find_all

CONTENT = bytes(range(256)) * 3


def uuencoded(name: str, content: bytes) -> bytes:
    lines = b"".join(b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return f"begin 644 {name}\n".encode() + lines + b"`\nend\n"


def an_attribute(level: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) % 65536)


def properties(*pairs: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(pairs))
    for kind, name, value in pairs:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def a_winmail(*attributes: bytes) -> bytes:
    return tnef.SIGNATURE + b"\x01\x00" + b"".join(attributes)


def a_file(name: str, content: bytes) -> bytes:
    long_name = properties(
        (0x1F, 0x3707, (name + "\0").encode("utf-16-le")), (0x1F, 0x370E, "application/pdf\0".encode("utf-16-le"))
    )
    return (
        an_attribute(2, 0x00069002, bytes(14))
        + an_attribute(2, 0x00018010, b"SHORT~1.PDF\0")
        + an_attribute(2, 0x0006800F, content)
        + an_attribute(2, 0x00069005, long_name)
    )


def attached(winmail: bytes, text: str = "see the file") -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + text.encode()
    return head + b"\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\n" + winmail + b"\n--b--\n"


def test_a_file_uuencoded_in_a_text_is_an_attachment() -> None:
    mail = parse(b"Subject: x\n\nbefore\n" + uuencoded("a b.bin", CONTENT) + b"after\n")
    assert mail.text == "before\nafter\n"
    assert [(part.filename, part.content) for part in mail.attachments] == [("a b.bin", CONTENT)]


def test_several_uuencoded_files_are_several_attachments() -> None:
    data = uuencoded("1", b"one") + b"between\n" + uuencoded("2", b"two")
    assert [(one.name, one.content) for one in find_all(data)] == [(b"1", b"one"), (b"2", b"two")]


def test_a_text_about_beginning_is_no_file() -> None:
    text = b"begin 644 reading here\nand go on as you like.\nend\n"
    assert parse(b"Subject: x\n\n" + text).text == text.decode()


def test_yenc_is_left_in_the_text() -> None:
    text = "=ybegin line=128 size=3 name=a\nxyz\n=yend size=3\n"
    assert parse(b"Subject: x\n\n" + text.encode()).text == text


def test_winmail_dat_is_unpacked() -> None:
    mail = parse(attached(a_winmail(a_file("Счёт за март.pdf", b"%PDF"), a_file("second.pdf", b"%PDF2"))))
    found = [(part.filename, part.content_type, part.content) for part in mail.attachments]
    assert found == [("Счёт за март.pdf", "application/pdf", b"%PDF"), ("second.pdf", "application/pdf", b"%PDF2")]
    assert (mail.text, mail.problems) == ("see the file", ())


def test_the_text_of_winmail_dat_is_shown_where_the_mail_has_none() -> None:
    page = an_attribute(1, 0x00069007, struct.pack("<II", 1251, 0))
    body = an_attribute(1, 0x0002800C, "Добрый день\0".encode("cp1251"))
    assert parse(attached(a_winmail(page, body), text="")).text == "Добрый день"
    html = an_attribute(1, 0x00069003, properties((0x102, 0x1013, "<p>Добрый вечер</p>".encode())))
    mail = parse(attached(a_winmail(page, html), text=""))
    assert (mail.text, mail.html) == ("Добрый вечер", "<p>Добрый вечер</p>")


def test_the_rich_text_of_winmail_dat_is_read() -> None:
    packed = bytes.fromhex(  # The example of MS-OXRTFCP, 4.1.
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.decompress(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    body = an_attribute(1, 0x00069003, properties((0x102, 0x1009, packed)))
    assert parse(attached(a_winmail(body), text="")).text == "hello world"


def test_rich_text_in_any_language_becomes_text() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}\f0 "
        rb"\'cf\'f0\'e8\'e2\'e5\'f2\par {\*\x no}\u1095?a\{b\}\tab c}"
    )
    assert rtf.to_text(source) == "Привет\nчa{b}\tc"


def test_a_damaged_winmail_dat_is_kept_beside_what_could_be_read() -> None:
    whole = a_winmail(a_file("a.pdf", b"%PDF"), a_file("b.pdf", b"%PDF"))
    mail = parse(attached(whole[:-90]))
    assert [part.filename for part in mail.attachments][:2] == ["winmail.dat", "a.pdf"]
    assert mail.problems == ("winmail.dat is damaged; kept beside what could be read",)


def test_a_winmail_dat_without_anything_known_stays() -> None:
    mail = parse(attached(a_winmail()))
    assert [part.filename for part in mail.attachments] == ["winmail.dat"]
