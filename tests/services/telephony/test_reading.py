"""Bytes of the manager interface become messages, whatever the network did to them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telephony.ami.reading import Message, Reader

STREAM = (
    "Asterisk Call Manager/11.0.0\r\n"
    "Response: Success\r\nActionID: 1\r\nMessage: Park successful\n\r\n\r\n"
    "Event: VarSet\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nCallerIDName: Вера Лаптева\r\nValue: \r\n\r\n"
    "Event: Hangup\r\nUniqueid: 1795775113.0\r\nTime: 10:30:06\r\n\r\n"
).encode()


def read(*pieces: bytes) -> list[Message]:
    reader = Reader()
    return [message for piece in pieces for message in reader.feed(piece)]


def test_a_message_is_its_keys_and_values_in_order_and_the_greeting_is_one_of_its_own() -> None:
    greeting, park, variable, hangup = read(STREAM)
    assert greeting.get("Greeting") == "Asterisk Call Manager/11.0.0"
    assert park.get("Message") == "Park successful"
    assert variable.all("ChanVariable") == ("a=1", "b=2")
    assert variable.get("CallerIDName") == "Вера Лаптева"
    assert (variable.get("Value"), variable.get("Channel", "none")) == ("", "none")
    assert hangup.fields == (("Event", "Hangup"), ("Uniqueid", "1795775113.0"), ("Time", "10:30:06"))


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_it_does_not_matter_where_the_stream_is_split(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in itertools.pairwise(ends))) == read(STREAM)


def test_the_stream_may_come_byte_by_byte() -> None:
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == read(STREAM)


def test_a_name_in_another_charset_costs_its_own_letters_only() -> None:
    (message,) = read(b"Event: Newchannel\r\nCallerIDName: " + "Анна".encode("cp1251") + b"\r\nUniqueid: 1\r\n\r\n")
    assert set(message.get("CallerIDName")) == {"\N{REPLACEMENT CHARACTER}"}
    assert message.get("Uniqueid") == "1"


def test_a_line_without_end_keeps_no_more_than_the_limit_and_the_next_message_is_whole() -> None:
    reader = Reader(line_limit=100, message_limit=250)
    for _ in range(1000):
        assert reader.feed(b"x" * 1000) == []
        assert reader.held <= 100
    (cut, whole) = reader.feed(b"\r\n\r\nEvent: Hangup\r\n\r\n")
    assert cut.cut
    assert (whole.get("Event"), whole.cut) == ("Hangup", False)


def test_a_message_without_end_keeps_no_more_than_the_limit() -> None:
    reader = Reader(line_limit=100, message_limit=250)
    reader.feed(b"Event: VarSet\r\n")
    for _ in range(1000):
        reader.feed(b"ChanVariable: " + b"y" * 50 + b"\r\n")
        assert reader.held <= 250
    (message,) = reader.feed(b"\r\n")
    assert (message.get("Event"), message.cut) == ("VarSet", True)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_noise_is_no_reason_to_fail(pieces: list[bytes]) -> None:
    reader = Reader(line_limit=32, message_limit=64)
    for piece in pieces:
        reader.feed(piece)
        assert reader.held <= 96


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_work_grows_with_the_bytes_and_not_with_their_square(piece: int) -> None:
    class Counting(Reader):
        looked = 0

        def _hold(self, piece: bytes) -> None:
            self.looked += len(piece)
            super()._hold(piece)

    reader = Counting()
    line = b"Value: " + b"z" * 50_000 + b"\r\n"
    for start in range(0, len(line), piece):
        reader.feed(line[start : start + piece])
    assert reader.looked <= 2 * len(line)
