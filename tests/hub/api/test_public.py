"""Operations are bound to their code in one statement, and tell of themselves."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Query
from pydantic import Field

from hub.api.actor import HEADER, Acting, Actor, Seal
from hub.api.asking import AsService
from hub.api.forms import Form, Id, Paging, View
from hub.api.public import Public, publish
from hub.api.rights import Right
from hub.api.uploads import Upload, Uploads
from hub.contracts.interaction import Attachment
from hub.kit.clock import SystemClock
from hub.kit.errors import Conflict
from hub.kit.http import service_app
from hub.testing.fakes import FakeBlobs

SEAL = Seal(b"key", SystemClock())
PHOTO = Attachment(id="att_1", filename="a.png", content_type="image/png", size=3)


class Parcel(Form):
    """What shall be sent."""

    words: str = Field(min_length=1)
    files: tuple[Upload, ...] = ()
    cover: Upload | None = None
    named: dict[str, Upload] = Field(default={})


class Sent(View):
    by: str
    files: list[str]


def a_service(blobs: FakeBlobs) -> Any:
    public = Public("parcels", uploads=Uploads(blobs))

    @public.post("/parcels/{id}", right=Right.WRITE_MESSAGES, noun="parcel", status=201, refuses=[Conflict])
    async def send_parcel(parcel_id: Id, parcel: Parcel, actor: Acting) -> Sent:
        """Send a parcel."""
        files = (*parcel.files, *([parcel.cover] if parcel.cover else []), *parcel.named.values())
        return Sent(by=f"{actor.login} {parcel_id}", files=[file.blob for file in files])

    @public.get("/parcels", right=Right.READ_CHANNELS, noun="parcel")
    async def list_parcels(query: Annotated[Paging, Query()]) -> list[int]:
        """All parcels."""
        return [query.limit]

    http = service_app("parcels", checks={})
    publish(http, public, service="parcels", seal=SEAL)
    return http


@pytest.fixture
def blobs() -> FakeBlobs:
    return FakeBlobs()


@pytest.fixture
async def peer(blobs: FakeBlobs) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=a_service(blobs))
    async with httpx.AsyncClient(transport=transport, base_url="http://parcels") as client:
        yield client


def olga() -> dict[str, str]:
    """Made when it is shown: it is good for two minutes."""
    return {HEADER: SEAL.header(Actor(login="olga"))}


async def test_a_public_operation_is_refused_without_an_actor_before_anything_is_read(
    peer: httpx.AsyncClient,
) -> None:
    refused = [await peer.post("/parcels/p_1", content=b"{not json"), await peer.get("/parcels?limit=x")]
    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in refused] == [
        (401, "application/problem+json")
    ] * 2


async def test_an_employee_and_another_service_are_answered(peer: httpx.AsyncClient) -> None:
    employee = await peer.post("/parcels/p_1", json={"words": "Привет"}, headers=olga())
    service = await peer.post("/parcels/p_1", json={"words": "Привет"}, auth=AsService(SEAL, "email"))
    assert [answer.json()["by"] for answer in (employee, service)] == ["olga p_1", "service:email p_1"]


async def test_the_files_that_a_form_names_are_there_when_it_is_taken(
    peer: httpx.AsyncClient, blobs: FakeBlobs
) -> None:
    for upload_id in ("att_1", "att_2", "att_3"):
        await Uploads(blobs).keep(PHOTO.model_copy(update={"id": upload_id}), b"PNG", {"by": "olga"})
    form = {"words": "x", "files": ["att_1", "att_2"], "cover": "att_3", "named": {"logo": "att_1"}}
    answer = await peer.post("/parcels/p_1", json=form, headers=olga())
    assert answer.json()["files"] == ["uploads/att_1", "uploads/att_2", "uploads/att_3", "uploads/att_1"]


async def test_a_file_that_was_never_uploaded_is_named_with_its_field(peer: httpx.AsyncClient) -> None:
    for field, value in (("files", ["att_none"]), ("cover", "att_none"), ("named", {"a": "att_none"})):
        answer = await peer.post("/parcels/p_1", json={"words": "x", field: value}, headers=olga())
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
        assert "no upload att_none" in answer.json()["detail"]


async def test_a_description_from_outside_is_never_taken_for_a_file(peer: httpx.AsyncClient) -> None:
    described = {**PHOTO.model_dump(), "blob": "raw/secret"}
    for one in (described, "../raw/secret", "raw/secret", "", "файл", "a" * 101, 7):
        answer = await peer.post("/parcels/p_1", json={"words": "x", "files": [one]}, headers=olga())
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["files.0"]), one


def test_a_form_with_files_is_not_bound_where_nobody_knows_them() -> None:
    public = Public("parcels")
    with pytest.raises(TypeError, match="takes uploads"):

        @public.post("/parcels", right=Right.WRITE_MESSAGES, noun="parcel")
        async def send_parcel(parcel: Parcel) -> None: ...


async def test_an_unknown_parameter_is_named_with_those_that_exist(peer: httpx.AsyncClient) -> None:
    answer = await peer.get("/parcels?lmit=3", headers=olga())
    assert answer.json()["errors"] == {"lmit": "unknown; known here: after, limit"}


async def test_operations_are_told_once_for_each_version(peer: httpx.AsyncClient) -> None:
    told = await peer.get("/operations")
    assert told.json()["operations"][0] == {
        "id": "sendParcel",
        "method": "POST",
        "path": "/parcels/{id}",
        "right": "write_messages",
        "noun": "parcel",
        "action": "add",
        "repeatable": True,
        "upload": 0,
        "download": False,
        "spread": "one",
        "names": {},
        "order": "",
        "audited": False,
        "personal": False,
    }
    again = await peer.get("/operations", headers={"If-None-Match": told.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_schemas_are_those_of_the_forms(peer: httpx.AsyncClient) -> None:
    told = (await peer.get("/operations/described")).json()
    described = told["operations"]["sendParcel"]
    assert (described["summary"], described["description"]) == ("Send parcel", "Send a parcel.")
    assert {"201", "404", "409"} <= set(described["responses"])
    files = told["schemas"]["Parcel"]["properties"]["files"]["items"]
    assert (files["type"], "blob" in str(told["schemas"]["Parcel"])) == ("string", False)
