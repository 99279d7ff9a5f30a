"""Where a visitor comes from, by the address of the page and its referrer."""

import os
import subprocess
import sys

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cli import main
from services.campaigns.sources.addresses import WORDS
from services.campaigns.sources.reading import MEDIUMS, origin_of

PAGE = "https://shop.example/scooters"


def read(url: str, referrer: str = "", **ours: tuple[str, ...]) -> tuple[str, str, str, str]:
    """Medium, source, term and campaign."""
    found = origin_of(url, referrer, **ours)
    return found.medium, found.source, found.term, found.campaign


@pytest.mark.parametrize(
    ("referrer", "said"),
    [
        ("https://www.google.co.uk/search?q=red+scooter", ("organic", "google", "red scooter")),
        ("https://www.google.com/", ("organic", "google", "")),
        (
            "https://yandex.ru/search/?text=%D1%81%D0%B0%D0%BC%D0%BE%D0%BA%D0%B0%D1%82",
            ("organic", "yandex", "самокат"),
        ),
        ("http://yandex.ru/yandsearch?text=%F1%E0%EC%EE%EA%E0%F2", ("organic", "yandex", "самокат")),
        ("https://ya.ru/", ("organic", "yandex", "")),
        ("https://yandex.com.tr/search/?text=a", ("organic", "yandex", "a")),
        ("http://go.mail.ru/search?q=%E3%E0%E7", ("organic", "mailru", "газ")),
        ("http://nova.rambler.ru/search?query=%u0433%u0430%u0437", ("organic", "rambler", "газ")),
        ("https://www.bing.com/search?q=x&form=1", ("organic", "bing", "x")),
        ("https://search.yahoo.co.jp/search?p=%E6%9D%B1", ("organic", "yahoo", "東")),
        ("http://www.baidu.com/s?wd=%D6%D0%B9%FA", ("organic", "baidu", "中国")),
        ("http://images.google.fr/imgres?prev=/images%3Fq%3Dogham%26hl%3Dfr", ("organic", "google", "ogham")),
        ("https://www.google.com/url?q=https://shop.example/", ("organic", "google", "")),
        ("http://search.somewhere.example/find?q=abc", ("organic", "search.somewhere.example", "abc")),
        ("https://vk.com/away.php?to=x", ("social", "vk", "")),
        ("https://m.ok.ru/", ("social", "ok", "")),
        ("https://t.me/", ("social", "telegram", "")),
        ("https://dzen.ru/a/1", ("social", "dzen", "")),
        ("https://my.mail.ru/x", ("social", "mymail", "")),
        ("https://l.facebook.com/l.php", ("social", "facebook", "")),
        ("https://e.mail.ru/messages/inbox", ("email", "mailru", "")),
        ("https://mail.yandex.ru/", ("email", "yandex", "")),
        ("https://mail.google.com/mail/u/0", ("email", "gmail", "")),
        ("https://webmail.factory.example/", ("email", "webmail.factory.example", "")),
        ("https://owamail7.factory.example/", ("email", "owamail7.factory.example", "")),
        ("https://mailshop.example/", ("referral", "mailshop.example", "")),
        ("https://yabs.yandex.ru/count/1", ("paid", "yandex_direct", "")),
        ("https://www.googleadservices.com/pagead/aclk", ("paid", "google_ads", "")),
        ("https://docs.google.com/document/1", ("referral", "google", "")),
        ("https://mail.ru/", ("referral", "mailru", "")),
        ("https://google.evil.example/search?q=1", ("referral", "google.evil.example", "")),
        ("https://user:secret@blog.example/", ("referral", "blog.example", "")),
        ("https://xn--e1afmkfd.xn--p1ai/", ("referral", "пример.рф", "")),
        ("blog.example/page", ("referral", "blog.example", "")),
        ("android-app://com.google.android.gm/", ("email", "gmail", "")),
        ("android-app://com.vkontakte.android", ("social", "vk", "")),
        ("android-app://com.unknown.program", ("referral", "com.unknown.program", "")),
        ("", ("direct", "", "")),
        ("about:blank", ("direct", "", "")),
        ("file:///home/a.html", ("direct", "", "")),
        ("https://[::1", ("direct", "", "")),
    ],
)
def test_a_referrer_is_an_engine_a_network_web_mail_an_advertisement_or_another_site(
    referrer: str, said: tuple[str, str, str]
) -> None:
    assert read(PAGE, referrer)[:3] == said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("utm_source=yandex&utm_medium=cpc&utm_campaign=%E2%E5%F1%ED%E0", ("paid", "yandex", "", "весна")),
        ("utm_source=vk&utm_medium=smm", ("social", "vk", "", "")),
        ("utm_source=news&utm_medium=email_trigger&utm_term=a", ("email", "news", "a", "")),
        ("UTM_Source=rbc&UTM_Medium=Banner", ("paid", "rbc", "", "")),
        ("utm_source=poster&utm_medium=qr", ("other", "poster", "", "")),
        ("utm_source=vk", ("social", "vk", "", "")),
        ("utm_source=yandex&utm_term={keyword}", ("organic", "yandex", "", "")),
        ("gclid=1", ("paid", "google", "", "")),
        ("yclid=1", ("paid", "yandex", "", "")),
        ("ysclid=1", ("organic", "yandex", "", "")),
        ("msclkid=1", ("paid", "bing", "", "")),
        ("fbclid=1", ("social", "facebook", "", "")),
        ("gclid=1&fbclid=2", ("paid", "google", "", "")),
        ("mtm_campaign=spring&mtm_source=letter&mtm_medium=email", ("email", "letter", "", "spring")),
        (
            "_openstat=ZGlyZWN0LnlhbmRleC5ydTsxMjM7NDU2O3lhbmRleC5ydTpwcmVtaXVt",
            ("paid", "direct.yandex.ru", "", "123"),
        ),
    ],
)
def test_what_is_written_in_the_link_counts_before_what_a_click_left_in_it(
    query: str, said: tuple[str, str, str, str]
) -> None:
    assert read(f"https://shop.рф/?{query}") == said
    assert read(f"shop.рф/a#{query}") == said


def test_a_click_of_an_advertisement_counts_before_the_referrer_and_keeps_its_term() -> None:
    found = origin_of(f"{PAGE}?gclid=Abc-1&yclid=7", "https://www.google.ru/search?q=%D0%B3%D0%B0%D0%B7")
    assert (found.medium, found.source, found.term) == ("paid", "google", "газ")
    assert found.click_ids == {"gclid": "Abc-1", "yclid": "7"}


def test_who_comes_from_another_page_of_ours_comes_from_nowhere_new() -> None:
    assert read(PAGE, "https://www.shop.example/")[0] == "internal"
    assert read("https://shop.co.uk/", "https://pay.shop.co.uk/")[0] == "internal"
    assert read("https://anna.narod.ru/", "https://boris.narod.ru/")[0] == "referral"
    assert read("https://shop.co.uk/", "https://other.co.uk/")[0] == "referral"
    assert read(PAGE, "https://pay.bank.example/return", ours=("bank.example",))[0] == "internal"


def test_what_is_too_long_is_cut_and_read() -> None:
    found = origin_of(
        f"{PAGE}?utm_campaign={'%D1%8F' * 500_000}&{'a=b&' * 5000}", "https://x.example/" + "?q=" * 90_000
    )
    assert found.campaign == "я" * WORDS
    assert found.source == "x.example"


@settings(max_examples=300)
@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_that_is_given_is_too_odd_to_be_read(url: str, referrer: str) -> None:
    for one in (url, f"https://{url}", f"//a.example/?{url}", f"?utm_source={url}&{referrer}"):
        found = origin_of(one, f"http://{referrer}")
        assert found.medium in MEDIUMS
        orjson.dumps([found.source, found.term, found.campaign, dict(found.click_ids)])


def test_the_command_prints_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as over:
        main(["inspect", "source", f"{PAGE}?utm_source=vk&utm_medium=cpc&vk_ad_id=9", "https://vk.com/"])
    assert over.value.code == 0
    assert orjson.loads(capsys.readouterr().out) == {
        "medium": "paid",
        "source": "vk",
        "term": None,
        "campaign": None,
        "click_ids": {"vk_ad_id": "9"},
    }


def test_bytes_of_a_terminal_in_another_charset_are_read() -> None:
    referrer = b"http://go.mail.ru/search?q=" + "газ".encode("cp1251")
    command = [sys.executable.encode(), b"-m", b"hub", b"inspect", b"source", PAGE.encode(), referrer]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONUTF8": "1"})
    assert orjson.loads(done.stdout)["term"] == "газ"


def test_an_address_names_no_codec_of_ours_and_leaves_no_halves_of_letters() -> None:
    found = origin_of("https://a.example/?ie=unicode_escape&utm_source=%5Cud800%ff&utm_medium=cpc", "")
    assert f"{found.source}{found.campaign}{found.term}".encode()
