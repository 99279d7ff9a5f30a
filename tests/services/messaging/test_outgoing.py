"""Messages in the parts that Telegram takes, and how fast they may go."""

import random

import pytest

from hub.channels.sender import Hold
from hub.contracts.interaction import Attachment, Participant, Role, SendMessage
from hub.kit.errors import Unsupported
from services.messaging.telegram.outgoing import left_of, parts_of, telegram_html
from services.messaging.telegram.pace import TelegramPace
from services.messaging.telegram.split import split, units


def a_message(chat: int = 1, **over: object) -> SendMessage:
    to = (Participant(role=Role.TO, address=f"telegram:@romashka_bot/{chat}"),)
    return SendMessage(**{"id": "in_1", "channel": "telegram", "account": "bot_1", "to": to, "text": "Да", **over})


def a_file(number: int = 1, kind: str = "image/jpeg", size: int = 5) -> Attachment:
    return Attachment(id=f"at_{number}", filename=f"{number}", content_type=kind, size=size, blob=f"b{number}")


def test_a_short_text_is_one_part() -> None:
    assert split("  Здравствуйте!\n") == ["Здравствуйте!"]
    assert split(" \n ") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Первый абзац.\n\nВторой абзац.", ["Первый абзац.", "Второй абзац."]),
        ("Раз два три. Четыре пять шесть семь", ["Раз два три.", "Четыре пять шесть", "семь"]),
        ("слово " * 5, ["слово слово слово", "слово слово"]),
        ("ы" * 45, ["ы" * 20, "ы" * 20, "ы" * 5]),
        ("👋" * 25, ["👋" * 10, "👋" * 10, "👋" * 5]),
    ],
)
def test_a_long_text_ends_its_parts_where_it_reads_best(text: str, parts: list[str]) -> None:
    assert split(text, 20) == parts


def test_no_part_is_too_long_and_no_word_is_lost_whatever_the_text() -> None:
    rng = random.Random(4)
    pieces = ["слово", "👨‍👩‍👧", " ", "\n", "\n\n", ". ", "ы" * 60, "!", "a\u0301"]
    for _ in range(300):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(0, 80)))
        parts = split(text, 50)
        assert all(0 < units(part) <= 50 for part in parts)
        assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_file_carries_a_short_text_as_its_caption_and_a_long_one_goes_before_it() -> None:
    (one,) = parts_of(a_message(attachments=(a_file(),)))
    assert (one.kind, one.text) == ("photo", "Да")
    text, file = parts_of(a_message(text="ы" * 1025, attachments=(a_file(),)))
    assert (text.kind, file.kind, file.text) == ("text", "photo", "")


def test_neighbours_of_one_kind_are_albums_of_up_to_ten_in_order() -> None:
    photos = tuple(a_file(number) for number in range(12))
    papers = (a_file(20, "application/pdf"), a_file(21, "application/zip"))
    albums = parts_of(a_message(attachments=(*photos, *papers)))
    assert [(part.kind, len(part.files)) for part in albums] == [("photo", 10), ("photo", 2), ("document", 2)]
    assert [file.id for part in albums for file in part.files] == [a.id for a in (*photos, *papers)]


def test_a_large_photo_goes_as_a_document_and_what_is_too_large_is_refused_before_it_leaves() -> None:
    assert parts_of(a_message(attachments=(a_file(size=11 * 2**20),)))[0].kind == "document"
    with pytest.raises(Unsupported, match="a bot may send 50 MB"):
        parts_of(a_message(attachments=(a_file(size=51 * 2**20),)))
    with pytest.raises(Unsupported, match="neither text nor a file"):
        parts_of(a_message(text=" "))


def test_what_was_taken_before_is_not_sent_again() -> None:
    parts = parts_of(a_message(text="ы" * 5000, attachments=(a_file(1), a_file(2), a_file(3, "text/plain"))))
    assert [part.kind for part in parts] == ["text", "text", "photo", "document"]
    assert [len(left_of(parts, keys)[1]) for keys in range(6)] == [4, 3, 2, 2, 1, 0]


def test_formatting_that_telegram_knows_stays_and_the_rest_leaves_its_words() -> None:
    html = '<p>Да, <b onclick="x">завтра</b></p><script>x</script><a href="https://a.example">тут</a><h1>Ура</h1>'
    assert telegram_html(html) == 'Да, <b>завтра</b>\n\n<a href="https://a.example">тут</a>\n\n<b>Ура</b>'
    assert telegram_html('<a href="javascript:x">x</a>') == "x"


def test_a_link_ends_where_it_ended_also_around_one_that_leads_nowhere() -> None:
    html = '<a href="https://a.example">x<table><tr><td><a>b</a> c</td></tr></table></a>'
    assert telegram_html(html) == '<a href="https://a.example">x\n\nb c</a>'


async def test_a_chat_gets_one_a_second_and_another_one_need_not_wait_for_it() -> None:
    now = 0.0
    pace = TelegramPace(per_second=30, per_chat=1, clock=lambda: now)
    assert await pace.ask(a_message(1)) is None
    now = 0.1
    assert await pace.ask(a_message(2)) is None
    held = await pace.ask(a_message(1))
    assert isinstance(held, Hold)
    assert held.until.total_seconds() == pytest.approx(0.9, abs=0.001)
    now = 1.0
    assert await pace.ask(a_message(1)) is None


async def test_the_rate_over_all_chats_is_kept_within_a_twentieth_also_by_a_late_sender() -> None:
    now, sent = 0.0, 0
    pace = TelegramPace(per_second=30, per_chat=1000, clock=lambda: now)
    while now < 60:
        if await pace.ask(a_message(sent)) is None:
            sent += 1
        now += 0.007
    assert 60 * 30 * 0.95 <= sent <= 60 * 30 * 1.05


def test_blocks_become_lines_and_only_what_telegram_knows_is_named() -> None:
    page = "<p>one\n   two&nbsp;3</p>\n<ul><li>a</li><li>b &amp; &copy;</li></ul><ol><li>c</li><li>d</li></ol>"
    assert telegram_html(page) == "one two\u00a03\n\n• a\n• b &amp; ©\n\n1. c\n2. d"
    table = "<table><tr><td>Окно</td><td>100</td></tr><tr><td>Дверь</td><td>200</td></tr></table>"
    assert telegram_html(f"{table}<pre>x\n  y</pre>") == "Окно | 100\nДверь | 200\n\n<pre>x\n  y</pre>"


def test_video_and_voice_are_sent_as_such() -> None:
    kinds = ("video/mp4", "audio/ogg; codecs=opus", "audio/mpeg", "image/gif", "application/pdf")
    files = tuple(
        Attachment(id=f"a{n}", filename=f"f{n}", content_type=kind, size=1, blob=f"b{n}")
        for n, kind in enumerate(kinds)
    )
    message = SendMessage(id="in_1", channel="telegram", account="bot_1", to=(), text="", attachments=files)
    assert [part.kind for part in parts_of(message)] == ["video", "voice", "audio", "animation", "document"]
