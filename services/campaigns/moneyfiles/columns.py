"""Which column of a file of costs, payments or orders is which field, by the titles usual in English and Russian."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from hub.kit.tables.writing import as_it_was

Subject = Literal["costs", "payments", "orders"]
_MONEY = {
    "amount": (
        "amount|sum|total|value|price|paid|cost|spend|spent|revenue|сумма|стоимость|итого|оплачено|цена|расход|расходы|"
        "затраты|сумма платежа|сумма заказа|сумма оплаты|сумма документа|всего|budget|бюджет|order total|к оплате"
    ),
    "currency": "currency|currency code|валюта|код валюты|вал",
}
_COST = {
    "source_id": "source id|id источника|код источника",
    "reference": "reference|external source|ид кампании|id кампании|campaign id|номер кампании|ссылка|артикул",
    "channel": "channel|medium|utm medium|канал|тип источника|тип трафика",
    "source": "source|utm source|источник|площадка|рекламная площадка|система|рекламная система",
    "campaign": "campaign|campaign name|utm campaign|кампания|название кампании|рекламная кампания|мероприятие",
    "creative": "creative|ad|utm content|объявление|креатив|название объявления",
    "kind": "kind|type|plan fact|план факт|вид|тип|тип затрат",
    "since": "since|from|start|start date|date from|begin|с|начало|дата начала|период с|дата с|от",
    "until": "until|to|end|end date|date to|по|конец|окончание|дата окончания|период по|дата по|до",
    "date": "date|day|month|period|дата|день|месяц|период|дата расхода",
    "external_id": "external id|id|document|invoice|number|номер|ид|документ|номер документа|номер счета|счет|№",
}
_PAID = {
    "client": "client id|customer id|id клиента|код клиента|ид клиента",
    "phone": (
        "phone|phone number|telephone|tel|mobile|телефон|номер телефона|мобильный|мобильный телефон|тел|"
        "телефон клиента|контактный телефон"
    ),
    "mail": "mail|email|e mail|email address|почта|электронная почта|эл почта|емейл|имейл|email клиента",
    "date": (
        "date|paid at|payment date|order date|created|created at|date time|datetime|дата|дата платежа|дата оплаты|"
        "дата заказа|дата создания|дата и время|создан|дата документа"
    ),
    "deal": "deal|deal id|сделка|id сделки|код сделки|номер сделки",
    "state": "state|status|статус|состояние|статус заказа|order status|статус оплаты|статус платежа",
    "external_id": (
        "external id|id|payment id|order id|order number|invoice|number|transaction|transaction id|номер|ид|№|"
        "номер заказа|заказ|номер платежа|номер документа|номер счета|id заказа|id платежа|код заказа|транзакция"
    ),
}
FIELDS: Mapping[Subject, tuple[str, ...]] = {
    "costs": (*_COST, *_MONEY),
    "payments": (*_PAID, *_MONEY),
    "orders": (*_PAID, *_MONEY),
}
"""What a row may say."""
_USUAL: Mapping[Subject, Mapping[str, str]] = {
    "costs": {**_COST, **_MONEY},
    "payments": {**_PAID, **_MONEY},
    "orders": {**_PAID, **_MONEY},
}
_WORD = re.compile(r"[^\W_]+|№")
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])")


def columns_of(subject: Subject, header: Sequence[str]) -> dict[int, str]:
    """The field of each column, by its place; the first of two with the same field has it."""
    names = {name: field for field, usual in _USUAL[subject].items() for name in usual.split("|")}
    found: dict[int, str] = {}
    for place, title in enumerate(header):
        field = _known(names, title)
        if field and field not in found.values():
            found[place] = field
    return found


def _known(names: Mapping[str, str], title: str) -> str:
    """Without what stands in brackets, or after a comma, as in `Сумма, руб.` and `Amount (RUB)`."""
    bare = re.sub(r"\(.*?\)|,.*$", " ", title)
    said = " ".join(_WORD.findall(_CAMEL.sub(" ", bare).casefold().replace("ё", "е")))
    return names.get(said, "")


def row_of(cells: Sequence[str], columns: Mapping[int, str]) -> dict[str, str]:
    """The fields of a row that are not empty; without the apostrophes that keep a cell from being a formula."""
    texts = {field: cells[place].strip() for place, field in columns.items() if place < len(cells)}
    return {field: as_it_was(text) for field, text in texts.items() if text}
