"""Imports and exports through the gateway, with the real services behind it."""

import csv
import io
from typing import Any

import openpyxl
import pytest

from hub.testing.waiting import eventually

pytestmark = pytest.mark.slow
TABLE = """ФИО;Телефон;ИНН;Город
Иванова Анна Петровна;8 917 123-45-67;;Казань
ООО «Ромашка»;84951112233;7707083893;Москва
Петров Пётр;12;;
Иванова Анна;+79171234567;;
"""


async def uploaded(client: Any, text: str = TABLE, charset: str = "cp1251") -> str:
    files = {"file": ("clients.csv", text.encode(charset), "text/csv")}
    answer = await client.post("/attachments", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def done(client: Any, begun: Any, state: str = "done") -> dict[str, Any]:
    assert begun.status_code == 202, begun.text

    async def look() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/jobs/{begun.json()['id']}")).json()
        return found

    ended: dict[str, Any] = await eventually(look, lambda job: job["state"] in ("done", "failed"))
    assert ended["state"] == state, ended
    return ended


async def told(client: Any, job: dict[str, Any]) -> dict[str, Any]:
    (result,) = (await client.get(f"/jobs/{job['id']}/results")).json()["items"]
    detail: dict[str, Any] = result["detail"]
    return detail


async def names(client: Any) -> list[str]:
    return sorted(one["name"] for one in (await client.get("/clients")).json()["items"])


async def test_a_table_is_looked_at_tried_taken_over_and_what_is_wrong_comes_back_as_a_file(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    file = await uploaded(anna)
    preview = (await anna.post("/imports/previews", json={"file": file})).json()
    assert [(one["title"], one["field"]) for one in preview["columns"]] == [
        ("ФИО", "name"),
        ("Телефон", "phone"),
        ("ИНН", "inn"),
        ("Город", "city"),
    ]
    tried = await done(anna, await anna.post("/imports", json={"file": file, "dry_run": True}))
    assert (await told(anna, tried))["counts"] == {"create": 2, "reject": 1, "skip": 1}
    assert await names(anna) == []
    taken = await done(anna, await anna.post("/imports", json={"file": file}))
    assert await names(anna) == ["Иванова Анна Петровна", "ООО «Ромашка»"]
    detail = await told(anna, taken)
    assert [(one["row"], one["action"]) for one in detail["told"]] == [(2, "reject"), (3, "skip")]
    rejected = await anna.get(f"/imports/{taken['id']}/rejected")
    (row,) = csv.DictReader(io.StringIO(rejected.text.removeprefix("\ufeff")))
    assert (row["row"], row["name"], row["phone"]) == ("2", "Петров Пётр", "12")
    assert "is no address" in row["reason"]
    assert (await (await whole.admin()).get(f"/imports/{taken['id']}/rejected")).status_code == 404


async def test_the_same_table_again_makes_nobody_twice_and_a_policy_says_what_becomes_of_its_rows(whole: Any) -> None:
    admin = await whole.admin()
    file = await uploaded(admin)
    await done(admin, await admin.post("/imports", json={"file": file}))
    again = await done(admin, await admin.post("/imports", json={"file": file, "policy": "update"}))
    assert (await told(admin, again))["counts"] == {"update": 3, "reject": 1}
    assert len(await names(admin)) == 2
    kept = {"file": await uploaded(admin, "Кто;Что\nНовый Клиент;89990001122\n"), "mapping": {"Кто": "name"}}
    await done(admin, await admin.post("/imports", json=kept))
    preview = (await admin.post("/imports/previews", json={"file": kept["file"]})).json()
    assert (preview["kept"], [one["field"] for one in preview["columns"]]) == (True, ["name", ""])


async def test_nobody_changes_or_learns_of_a_client_by_an_import_whom_he_does_not_see(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    team = (await admin.post("/teams", json={"name": "legal", "members": ["admin"]})).json()["id"]
    file = await uploaded(admin, "name;phone\nТайный Клиент;89171234567\n")
    await done(admin, await admin.post("/imports", json={"file": file, "team": team}))
    mine = await uploaded(anna, "name;phone\nДругое Имя;89171234567\n")
    job = await done(anna, await anna.post("/imports", json={"file": mine, "policy": "update"}))
    detail = await told(anna, job)
    assert detail["counts"] == {"reject": 1}
    assert "cl_" not in str(detail)
    assert await names(admin) == ["Тайный Клиент"]
    assert await names(anna) == []


async def test_what_is_no_table_ends_the_job_with_the_reason(whole: Any) -> None:
    admin = await whole.admin()
    begun = await admin.post("/imports", json={"file": await uploaded(admin, "x;y\n1;2\n")})
    job = await done(admin, begun, "failed")
    assert "no column is known among x, y" in job["reason"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_has_whom_one_sees_without_formulas_and_as_one_sees_them(whole: Any, kind: str) -> None:
    admin = await whole.admin()
    role = {"title": "x", "rights": ["own_account", "read_correspondence", "read_jobs"], "hides": ["addresses"]}
    assert (await admin.put("/roles/masked", json={**role, "scopes": {"*": "team"}})).status_code == 200
    vera = await whole.employee("masked", "vera")
    team = (await admin.post("/teams", json={"name": "legal", "members": ["admin"]})).json()["id"]
    open_ = await uploaded(admin, "name;phone\n=Злая Формула;89171234567\n")
    hidden = await uploaded(admin, "name;phone\nТайный Клиент;89171234568\n")
    await done(admin, await admin.post("/imports", json={"file": open_}))
    await done(admin, await admin.post("/imports", json={"file": hidden, "team": team}))
    asked = {"format": kind, "columns": ["name", "phone"]}
    whole_ = await rows(admin, kind, await done(admin, await admin.post("/exports", json=asked)))
    masked = await rows(vera, kind, await done(vera, await vera.post("/exports", json=asked)))
    mark = "'" if kind == "csv" else ""
    assert sorted(whole_) == [
        [f"{mark}=Злая Формула", f"{mark}+79171234567"],
        ["Тайный Клиент", f"{mark}+79171234568"],
    ]
    assert masked == [[f"{mark}=Злая Формула", f"{mark}+7***4567"]]


async def rows(client: Any, kind: str, job: dict[str, Any]) -> list[list[str]]:
    answer = await client.get(f"/exports/{job['id']}/file")
    assert answer.status_code == 200, answer.text
    if kind == "csv":
        header, *found = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        header, *found = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert header == ["name", "phone"]
    return found


async def test_a_row_that_is_refused_says_nothing_about_those_after_it(whole: Any) -> None:
    admin = await whole.admin()
    team = (await admin.post("/teams", json={"name": "Юристы"})).json()["id"]
    hidden = {"name": "Тайный клиент", "addresses": [{"address": "+7 916 123-45-67"}], "team": team}
    secret = (await admin.post("/clients", json=hidden)).json()["id"]
    anna = await whole.employee("operator", "anna")
    file = await uploaded(anna, "name;phone\nX;+79161234567, +79167654321\nStolen;+79167654321\n")
    job = await done(anna, await anna.post("/imports", json={"file": file, "policy": "update"}))
    assert secret not in (await anna.get(f"/jobs/{job['id']}/results")).text
    assert (await admin.get(f"/clients/{secret}")).json()["name"] == "Тайный клиент"


@pytest.mark.parametrize("charset", ["nonsense", "undefined", "utf-7"])
async def test_a_charset_that_is_none_is_refused_by_its_field(whole: Any, charset: str) -> None:
    admin = await whole.admin()
    file = await uploaded(admin, "name;phone\nX;1\n")
    refused = await admin.post("/imports/previews", json={"file": file, "charset": charset})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["charset"])
