"""Costs, payments and orders from files: what offices write is read, and every row is accounted for."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import Attachment
from hub.jobs.service import Jobs
from hub.kit.errors import InvalidInput, NotFound
from hub.kit.restraint import Restraint
from hub.testing.apart import SHARED
from hub.testing.fakes import FakeBlobs
from hub.testing.waiting import eventually
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.moneyfiles.cells import amount_of, currency_of, days_of, moment_of
from services.campaigns.moneyfiles.columns import columns_of
from services.campaigns.moneyfiles.job import TakeMoney
from services.campaigns.moneyfiles.models import MoneyImportForm, Options
from services.campaigns.moneyfiles.reading import prepare, rows_in
from services.campaigns.moneyfiles.service import MoneyFiles
from services.campaigns.moneyfiles.weighing import Weighing
from services.campaigns.sources.models import NewSource
from services.campaigns.sources.repository import SourceRepository
from tests.services.campaigns.conftest import MARKETER, Desk, a_client
from tests.services.campaigns.test_attribution import Office

COSTS = (
    "Канал;Источник;Кампания;Месяц;Сумма, руб.\n"
    "paid;yandex;Весна;март 2026;120 000,50\n"
    "paid;yandex;Весна;04.2026;1,234\n"
    ";;;05.2026;10,00\n"
)
PAYMENTS = (
    "Номер;Дата;Телефон;Сумма;Статус\n"
    "17;02.03.2026 14:05;8 (916) 000-00-01;1 500,00 ₽;Оплачен\n"
    "18;03.03.2026;nobody@example.com;700;Отменён\n"
    "19;04.03.2026;8 (916) 000-00-01;-200,00;Возврат\n"
    "20;31.02.2026;8 (916) 000-00-01;5,00;Оплачен\n"
)


class Counting:
    """A marketer with files."""

    def __init__(self, office: Office, jobs: Jobs, files: MoneyFiles) -> None:
        self.office, self.jobs, self.files = office, jobs, files

    async def take(self, subject: str, content: bytes, *, actor: Actor = MARKETER, **over: Any) -> dict[str, Any]:
        """Its job, with `counts` and `told` of all its parts."""
        blobs = self.office.desk.blobs
        blobs.content["up/1"] = content
        file = Attachment(id="at_1", filename="a", content_type="text/csv", size=len(content), blob="up/1")
        form = MoneyImportForm.model_validate({"file": file, "subject": subject, **over})
        asked = {**form.model_dump(mode="json", exclude={"file"}), "blob": "up/1"}
        begun = await self.files.take(asked, actor=actor, key=None)

        async def over_() -> Any:
            job = await self.jobs.repository.jobs.get(begun.id)
            return job if job and job["state"] in ("done", "failed") else None

        job: dict[str, Any] = await eventually(over_)
        results = (await self.jobs.repository.results(begun.id, limit=100, after=None)).items
        counts: dict[str, int] = {}
        for one in results:
            for name, count in one["detail"]["counts"].items():
                counts[name] = counts.get(name, 0) + count
        told = [line for one in results for line in one["detail"]["told"]]
        return {**job, "counts": counts, "told": told}

    async def rejected(self, job: dict[str, Any], actor: Actor = MARKETER) -> str:
        return b"".join([piece async for piece in await self.files.rejected(actor, job["_id"])]).decode("utf-8-sig")

    async def costs(self) -> list[tuple[Any, ...]]:
        page = await self.office.book.costs(MARKETER, limit=50, after=None)
        return sorted((one["since"], one["until"], one["kind"], one["amount"]["value"]) for one in page.items)

    async def payments(self) -> list[tuple[Any, ...]]:
        page = await self.office.book.payments(MARKETER, limit=50, after=None)
        return sorted((one["paid_at"], one["whose"], one["amount"]["value"], one["reference"]) for one in page.items)


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, MoneyRepository]:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store), MoneyRepository(store, FakeBlobs())


@pytest.fixture
async def counting(
    kept: tuple[SourceRepository, MoneyRepository], desk: Desk, tmp_path: Path
) -> AsyncIterator[Counting]:
    books = LeadTables(tmp_path, "host/one", desk.bus)
    office = Office(desk, *kept, books)
    kind = TakeMoney(Weighing(office.book, office.sources), blobs=desk.blobs, apart=SHARED)
    about: dict[str, Any] = {"service": "campaigns", "owner": "one", "restraint": Restraint()}
    jobs = Jobs([kind], store=desk.store, bus=desk.bus, clock=desk.clock, **about)
    await desk.store.start()
    await jobs.start()
    yield Counting(office, jobs, MoneyFiles(jobs, blobs=desk.blobs, apart=SHARED, currency="RUB"))
    await jobs.stop()
    await books.close()


async def test_costs_of_a_russian_file_are_taken_over_and_what_is_doubtful_is_given_back_as_a_file(
    counting: Counting,
) -> None:
    job = await counting.take("costs", COSTS.encode("cp1251"))
    assert (job["state"], job["counts"]) == ("done", {"add": 1, "reject": 2})
    assert await counting.costs() == [("2026-03-01", "2026-03-31", "fact", "120000.50")]
    rows = list(csv.DictReader(io.StringIO(await counting.rejected(job))))
    assert [(one["row"], one["reason"], one["campaign"], one["date"], one["amount"]) for one in rows] == [
        (
            "1",
            "amount: '1,234' may be 1234 or 1,234; write it with two places, as 1234,00",
            "Весна",
            "04.2026",
            "1,234",
        ),
        ("2", "channel: the row names no source; give channel, source_id or reference", "", "05.2026", "10,00"),
    ]
    page = await counting.office.sources.page(MARKETER, limit=9, after=None)
    assert sorted(one["name"] for one in page.items) == ["paid", "yandex", "Весна"]


async def test_payments_of_a_file_are_whose_the_phone_is_and_what_was_cancelled_is_left(counting: Counting) -> None:
    await counting.office.desk.hear(a_client(1))
    job = await counting.take("payments", PAYMENTS.encode(), zone="Europe/Moscow")
    assert job["counts"] == {"add": 2, "skip": 1, "reject": 1}
    assert await counting.payments() == [
        ("2026-03-02T11:05:00.000000Z", "phone:+79160000001", "1500.00", "17"),
        ("2026-03-04T23:59:59.000000Z", "phone:+79160000001", "-200.00", "19"),
    ]
    assert job["told"] == [
        {"row": 1, "action": "skip", "reason": "state: Отменён"},
        {
            "row": 3,
            "action": "reject",
            "reason": "date: '31.02.2026' is no date; write it as 02.03.2026 or 2026-03-02",
        },
    ]


async def test_a_file_that_is_taken_again_adds_nothing_and_a_corrected_row_changes_its_own(
    counting: Counting,
) -> None:
    file = "id,date,email,amount\n1,2026-03-02,a@example.com,10.00\n,2026-03-02,a@example.com,5.00\n"
    twice = f"{file},2026-03-02,a@example.com,5.00\n"
    assert (await counting.take("payments", twice.encode()))["counts"] == {"add": 3}
    before = await counting.payments()
    assert (await counting.take("payments", twice.encode()))["counts"] == {"same": 3}
    assert await counting.payments() == before
    corrected = twice.replace("10.00", "11.00")
    assert (await counting.take("payments", corrected.encode()))["counts"] == {"change": 1, "same": 2}
    assert [one[2] for one in await counting.payments()] == ["11.00", "5.00", "5.00"]


async def test_an_order_and_a_payment_of_one_number_are_two(counting: Counting) -> None:
    file = b"number;date;mail;amount\n17;2026-03-02;a@example.com;10\n"
    await counting.take("payments", file)
    await counting.take("orders", file)
    assert [one[3] for one in await counting.payments()] == ["17", "order:17"]


async def test_a_row_with_too_long_a_number_is_refused_and_ends_no_import(counting: Counting) -> None:
    file = (
        f"number;date;mail;amount\n{'9' * 198};2026-03-02;a@example.com;10\n7;2026-03-02;a@example.com;{'1' * 31}\n"
    )
    job = await counting.take("orders", f"{file}8;2026-03-02;a@example.com;5\n".encode())
    assert (job["state"], job["counts"]) == ("done", {"add": 1, "reject": 2})
    assert [one["reason"].split(":")[0] for one in job["told"]] == ["external_id", "amount"]


async def test_rows_that_were_not_taken_are_read_again_as_they_were(counting: Counting) -> None:
    file = "ID клиента;дата;телефон;сумма\ncl_404;02.03.2026;89160000001;10\n"
    first = await counting.take("payments", file.encode())
    again = await counting.take("payments", (await counting.rejected(first)).encode("utf-8-sig"))
    assert (again["counts"], again["told"]) == ({"reject": 1}, first["told"])


async def test_two_rows_of_one_number_that_say_different_things_are_not_made_one(counting: Counting) -> None:
    file = b"id;date;mail;amount\n7;2026-03-02;a@example.com;10\n7;2026-03-02;a@example.com;20\n"
    job = await counting.take("payments", file)
    assert (job["counts"], [one[2] for one in await counting.payments()]) == ({"add": 1, "reject": 1}, ["10.00"])
    assert job["told"][0]["reason"].startswith("external_id: row 0 has '7', too, and says something else")


async def test_a_dry_run_tells_the_same_and_does_nothing(counting: Counting) -> None:
    job = await counting.take("costs", COSTS.encode(), dry_run=True)
    assert job["counts"] == {"add": 1, "reject": 2}
    assert await counting.costs() == []
    assert (await counting.office.sources.page(MARKETER, limit=9, after=None)).items == []


async def test_nobody_takes_over_money_of_clients_or_sources_that_he_does_not_see(counting: Counting) -> None:
    await counting.office.desk.hear(a_client(1, seen_by=["team:t_2"]))
    hidden = await counting.office.sources.add(
        NewSource.model_validate({"channel": "secret", "team": "t_2", "reference": "r-1"}), actor=MARKETER
    )
    anna = Actor(login="anna", reach=("owner:anna",))
    paid = await counting.take("payments", b"date;mail;sum\n2026-03-02;a1@example.com;10\n", actor=anna)
    spent = await counting.take(
        "costs", b"date;channel;reference;sum\n2026-03-02;secret;;1\n2026-03-02;;r-1;2\n", actor=anna
    )
    assert [one["reason"].split(":")[0] for one in (*paid["told"], *spent["told"])] == [
        "whose",
        "channel",
        "reference",
    ]
    assert (await counting.payments(), await counting.costs()) == ([], [])
    assert hidden["name"] == "secret"
    with pytest.raises(NotFound):
        await counting.files.rejected(MARKETER, paid["_id"])


async def test_a_workbook_with_dates_and_numbers_is_read_and_a_reference_names_its_source(counting: Counting) -> None:
    await counting.office.sources.add(
        NewSource.model_validate({"channel": "paid", "source": "vk", "reference": "713"}), actor=MARKETER
    )
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Campaign ID", "Start date", "End date", "Spend", "Currency", "Plan/fact"])
    sheet.append([713, date(2026, 3, 1), date(2026, 3, 10), 1000.5, "USD", "plan"])
    book.save(file)
    job = await counting.take("costs", file.getvalue())
    assert (job["counts"], await counting.costs()) == (
        {"add": 1},
        [("2026-03-01", "2026-03-10", "plan", "1000.50")],
    )


async def test_a_file_without_an_amount_fails_and_says_which_column_is_missing(counting: Counting) -> None:
    job = await counting.take("costs", b"a;b\n1;2\n")
    assert (job["state"], job["reason"]) == (
        "failed",
        "InvalidInput: mapping: no column is the amount among a, b; say which it is",
    )
    found = await counting.files.preview("up/1", Options("costs"))
    assert (found.header, found.fields, found.samples) == (("a", "b"), ("", ""), (("1",), ("2",)))
    mapped = await counting.take("costs", b"a;b;c\n1;2;paid\n", mapping={"a": "amount", "b": "date", "c": "channel"})
    assert mapped["told"] == [
        {"row": 0, "action": "reject", "reason": "date: '2' is no date; write it as 02.03.2026 or 2026-03-02"}
    ]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1 234,56", "1234.56", ""),
        ("1\u00a0234\u00a0567,8 ₽", "1234567.80", "RUB"),
        ("12 руб.", "12.00", "RUB"),
        ("-1,234.50", "-1234.50", ""),
        ("1.234.567,89", "1234567.89", ""),
        ("1,234,567", "1234567.00", ""),
        ("(100,00)", "-100.00", ""),
        ("\u2212 5", "-5.00", ""),
        ("$0.99", "0.99", "USD"),
        ("99.90 EUR", "99.90", "EUR"),
        ("0,125000000001", None, ""),
        ("1999.9999999998", "2000.00", ""),
        ("1,234", None, ""),
        ("1.005", None, ""),
        ("1,2.3", None, ""),
        ("12,34.50", None, ""),
        ("4070281050000000000112345678901", None, ""),
        ("12 34 56,7,8", None, ""),
        ("сто", None, ""),
        ("1e9", None, ""),
        ("٣٤", None, ""),
        ("", None, ""),
    ],
)
def test_an_amount_is_read_as_it_is_written_or_refused_where_it_may_be_two(
    text: str, amount: str | None, currency: str
) -> None:
    if amount is None:
        with pytest.raises(InvalidInput, match="amount: "):
            amount_of(text)
    else:
        assert amount_of(text) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("02.03.2026", "2026-03-02", "2026-03-02"),
        ("2/3/26", "2026-03-02", "2026-03-02"),
        ("2026-03-02 14:05", "2026-03-02", "2026-03-02"),
        ("03.2026", "2026-03-01", "2026-03-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("декабрь 2026 г.", "2026-12-01", "2026-12-31"),
        ("March 2026", "2026-03-01", "2026-03-31"),
        ("01.03.2026-31.03.2026", "2026-03-01", "2026-03-31"),
        ("01.03.2026 \u2013 31.03.2026", "2026-03-01", "2026-03-31"),
    ],
)
def test_days_and_months_are_read_as_offices_write_them(text: str, since: str, until: str) -> None:
    assert days_of(text, field="date") == (date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize(
    "text",
    [
        *("13.2026", "00.2026", "2026-13", "32.01.2026", "yesterday", "9999-12", "1.1.0000"),
        *("02.03.202", "02.03.20261", "2026-03-021", "02.03.2026 и 05.03.2026"),
    ],
)
def test_what_is_no_day_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidInput, match="date: "):
        days_of(text, field="date")


def test_a_time_without_an_offset_is_one_of_the_zone_and_a_day_alone_is_the_end_of_a_day_of_reports() -> None:
    moments = [
        moment_of(text, field="date", zone="Europe/Moscow")
        for text in ("02.03.2026 01:30", "2026-03-02T01:30:00+05:00", "2026-03-02T01:30:00.5Z", "02.03.2026")
    ]
    assert moments == [
        datetime(2026, 3, 1, 22, 30, tzinfo=UTC),
        datetime(2026, 3, 1, 20, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC),
    ]


def test_an_hour_before_or_after_noon_is_read_as_such_and_a_time_that_is_none_is_not_left_away() -> None:
    texts = ("3/2/2026 2:05 PM", "3/2/2026 12:05 am", "3/2/2026 12:05 PM")
    read = [moment_of(text, field="date", zone="UTC", month_first=True).hour for text in texts]
    assert read == [14, 0, 12]
    for text in ("02.03.2026 14:05 PM", "02.03.2026 14:5", "02.03.2026 14:05 MSK"):
        with pytest.raises(InvalidInput, match="date: "):
            moment_of(text, field="date", zone="UTC")


def test_usual_titles_in_two_languages_are_known() -> None:
    russian = ["Дата заказа", "№", "E-mail", "Сумма заказа (руб.)", "Статус"]
    english = ["Order date", "order_id", "Email", "OrderTotal", "Status"]
    fields = {0: "date", 1: "external_id", 2: "mail", 3: "amount", 4: "state"}
    assert (columns_of("orders", russian), columns_of("orders", english)) == (fields, fields)


def test_a_currency_is_a_code_or_a_sign() -> None:
    assert [currency_of(one) for one in ("руб.", "RUR", "usd", "€")] == ["RUB", "RUB", "USD", "EUR"]
    with pytest.raises(InvalidInput, match="currency: "):
        currency_of("деревянные")


def test_a_row_with_a_wrong_currency_deal_or_too_long_a_cell_is_told_by_its_field() -> None:
    rows = [
        "2026-03-02;a@example.com;10 $;RUB;",
        "2026-03-02;a@example.com;10;;deal no 1",
        f"2026-03-02;a@example.com;10;;{'x' * 501}",
        f"2026-03-02;a@example.com;{'9' * 20};;",
        "2026-03-02;;10;;",
    ]
    found = prepare("\n".join(["date;mail;amount;currency;deal", *rows]).encode(), Options("payments"))
    problems = [row["problem"].split(":")[0] for row in rows_in(found.parts[0])]
    assert problems == ["currency", "deal", "deal", "amount.value", "phone"]


@pytest.mark.parametrize("text", ["mln", "pcs", "XXX", "ABC"])
def test_what_is_no_currency_is_refused_with_what_is_known(text: str) -> None:
    with pytest.raises(InvalidInput, match="currency: ") as refused:
        currency_of(text)
    assert {"₽", "руб,", "USD,"} <= set(str(refused.value).replace("₽,", "₽").split())


@pytest.mark.parametrize("text", ["мартини 2026", "майонез 2026", "marching 2026", "деканат 2026", "июньский 2026"])
def test_a_word_that_begins_as_a_month_is_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="date: "):
        days_of(text, field="date")


@pytest.mark.parametrize("text", ["март 2026", "марта 2026", "мар. 2026", "March 2026", "Mar, 2026"])
def test_a_month_may_be_written_in_full_or_shortened(text: str) -> None:
    assert [one.isoformat() for one in days_of(text, field="date")] == ["2026-03-01", "2026-03-31"]
