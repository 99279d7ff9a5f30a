"""What somebody works with and does not see whole."""

import asyncio

import pytest
from pydantic import BaseModel

from hub.contracts.masks import Kind, MaskedAddress, MaskedWords, hiding, masked


class Card(BaseModel):
    address: MaskedAddress
    name: MaskedWords = ""
    signs: dict[MaskedAddress, int] = {}


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("email:anna.petrova@example.com", "email:a***@example.com"),
        ("Anna@Пример.рф", "A***@Пример.рф"),
        ("phone:+79161234567", "phone:+7***4567"),
        ("8 (916) 123-45-67", "8***4567"),
        ("telegram:@romashka_bot/123456789", "telegram:@romashka_bot/***"),
        ("ROMASHKA", "R***"),
        ("", ""),
    ],
)
def test_an_address_is_masked_so_that_people_still_tell_two_apart(whole: str, shown: str) -> None:
    assert masked(whole) == shown


def test_it_is_masked_for_whom_it_is_hidden_and_in_json_alone() -> None:
    card = Card(address="phone:+79161234567", name="Анна, +7 916 123-45-67", signs={"telegram:@b/1234567": 1})
    whole = card.model_dump_json()
    with hiding([Kind.ADDRESSES]):
        assert card.model_dump() == {
            "address": "phone:+79161234567",
            "name": "Анна, +7 916 123-45-67",
            "signs": {"telegram:@b/1234567": 1},
        }
        told = card.model_dump_json()
    assert "1234567" not in told.replace("***", "")
    assert "916" not in told
    assert '"Анна, +7***4567"' in told
    assert card.model_dump_json() == whole


async def test_what_is_hidden_from_one_is_not_from_another_at_the_same_time() -> None:
    card = Card(address="email:anna@example.com")

    async def told(kinds: list[str]) -> str:
        with hiding(kinds):
            await asyncio.sleep(0)
            return card.model_dump_json()

    hidden, whole = await asyncio.gather(told([Kind.ADDRESSES]), told([]))
    assert ("anna" in hidden, "anna" in whole) == (False, True)


@pytest.mark.parametrize("words", ["550 5.1.1 no such user", "Иван Петров", "с 10 до 18", "заказ 118"])
def test_words_without_addresses_stay_as_they_are(words: str) -> None:
    with hiding([Kind.ADDRESSES]):
        assert Card(address="", name=words).model_dump_json() == Card(address="", name=words).model_dump_json()
        assert words in Card(address="", name=words).model_dump_json()
