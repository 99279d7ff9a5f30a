"""The OpenAPI document can be read by generators, and says what the API really does."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

SEED = 20_260_302
LOGINS = ("", "/browser", "/passkey/begin", "/passkey", "/passkey/browser")
TRIES = 3
"""Forms that are sent to each operation."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def at(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


_MADE: dict[str, Any] = {}
"""It is the same for every gateway, and takes two seconds to be made."""


@pytest.fixture
async def document(whole: Any) -> dict[str, Any]:
    if not _MADE:
        _MADE.update(await whole.document())
    return _MADE


async def test_the_document_is_valid_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)
    for reference in set(references(document)):
        assert at(document, reference), reference
    used = {reference.rpartition("/")[2] for reference in references(document)}
    assert set(document["components"]["schemas"]) == used


async def test_every_operation_that_is_guarded_is_documented_and_no_other(
    whole: Any, document: dict[str, Any]
) -> None:
    documented = {(method.upper(), path) for path, method, _ in operations(document)}
    assert documented == {(method, path) for method, path, _ in whole.operations}


async def test_every_operation_says_what_it_is_who_may_and_what_may_come(document: dict[str, Any]) -> None:
    names = []
    for path, method, operation in operations(document):
        where = (method, path)
        names.append(operation["operationId"])
        assert operation["tags"], where
        assert operation["summary"], where
        responses = operation["responses"]
        assert {"422", "503"} <= set(responses), where
        assert any(status.startswith("2") for status in responses), where
        if path.removeprefix("/api/v1/sessions") not in LOGINS:
            assert {"401", "403"} <= set(responses), where
            assert "For: administrator" in operation["description"], where
            assert operation["security"], where
        assert ("404" in responses) or "{" not in path or method == "put", where
        assert ("413" in responses) == (method != "get"), where
        for status, response in responses.items():
            assert response["description"], (where, status)
            assert response.get("content") or status == "204", (where, status)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", name) for name in names)


async def test_every_form_has_an_example_that_fits_it(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            schema = at(document, body["schema"]["$ref"])
            assert schema["examples"], (method, path)
            for example in schema["examples"]:
                checker(document, body["schema"]).validate(example)


async def test_a_download_says_what_kind_of_bytes_it_gives(document: dict[str, Any]) -> None:
    paths = document["paths"]
    kinds = {
        path: list(paths[f"/api/v1{path}"]["get"]["responses"]["200"]["content"])
        for path in ("/attachments/{id}", "/interactions/{id}/html")
    }
    assert kinds == {
        "/attachments/{id}": ["application/octet-stream"],
        "/interactions/{id}/html": ["text/html"],
    }


async def test_schemas_of_two_services_with_one_name_are_kept_apart(hub: Any) -> None:
    described = {"summary": "x", "tags": ["x"], "responses": {"200": {"description": "x"}}}
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClientView"}}}}
    described["responses"]["200"] |= answer
    schemas = {"ClientView": {"type": "object", "title": "Another", "properties": {"of": {"$ref": _THEIRS}}}}
    one = {"id": "listX", "method": "GET", "path": "/x", "noun": "x", "action": "read", "right": "own_account"}
    told = {"service": "messaging", "operations": [one]}
    hub.peers.answer("GET", "//messaging/operations", 200, told)
    body = {"operations": {"listX": described}, "schemas": schemas}
    hub.peers.answer("GET", "//messaging/operations/described", 200, body)
    await hub.gateway.http.state.parts.table.refresh()
    document = (await hub.client().get("/openapi.json")).json()
    shown = document["paths"]["/api/v1/x"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/MessagingClientView"}
    assert document["components"]["schemas"]["MessagingClientView"]["title"] == "Another"
    assert document["components"]["schemas"]["ClientView"]["title"] == "ClientView"


_THEIRS = "#/components/schemas/ClientView"


def checker(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


class Walk:
    """Sends to every operation what its schema tells, and what it does not; compares what comes with what is said."""

    def __init__(self, document: dict[str, Any], client: Any) -> None:
        self.document = document
        self.client = client
        self.random = random.Random(SEED)
        self.seen: set[int] = set()

    async def all(self) -> None:
        for path, method, operation in operations(self.document):
            if operation["operationId"] in ("logOut", "listenLive"):
                continue
            for number in range(TRIES):
                await self.once(path, method, operation, number)

    async def once(self, path: str, method: str, operation: dict[str, Any], number: int) -> None:
        where = re.sub(r"\{\w+\}", "nothing_1", path.removeprefix("/api/v1"))
        query = {"limit": self.random.choice([0, 1, 7, 500, 501, "x"])} if method == "get" and number else {}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        options = {"json": self.form(body["schema"], number)} if body else {}
        answer = await self.client.request(method, where, params=query, **options)
        self.seen.add(answer.status_code)
        self.compare(operation, answer, (method, where, query, options))

    def form(self, schema: dict[str, Any], number: int) -> Any:
        """An example as it is, then ones with a field left out, of another type, too long, or unknown."""
        example = self.random.choice(at(self.document, schema["$ref"])["examples"])
        if number == 0 or not example:
            return example
        field = self.random.choice(list(example))
        wrong = self.random.choice([None, "", -1, 1e30, [], {}, "x" * 20_000, ["x"] * 100, True, "\ud7ff\x00"])
        changes: list[Any] = [
            {k: v for k, v in example.items() if k != field},
            {**example, field: wrong},
            {**example, "unknown": 1},
            [example],
            None,
        ]
        return self.random.choice(changes)

    def compare(self, operation: dict[str, Any], answer: Any, asked: Any) -> None:
        said = operation["responses"].get(str(answer.status_code))
        assert said, (asked, answer.status_code, answer.text)
        if answer.status_code == 204:
            return
        media = answer.headers["Content-Type"].partition(";")[0]
        assert media in said["content"], (asked, media)
        if media.endswith("json"):
            found = list(checker(self.document, said["content"][media]["schema"]).iter_errors(answer.json()))
            assert found == [], (asked, answer.text)


@pytest.mark.slow
async def test_whatever_comes_is_what_the_document_says(whole: Any) -> None:
    await whole.received()
    walk = Walk(await whole.document(), await whole.admin())
    await walk.all()
    assert {200, 201, 404, 422} <= walk.seen
    assert not [status for status in walk.seen if status >= 500]
