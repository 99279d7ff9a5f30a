"""The store on MongoDB: one database for each service, through motor."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import ReplaceOne, UpdateOne, errors

from hub.kit.errors import ConfigurationError, InvalidInput, StoreUnavailable
from hub.kit.ids import fresh
from hub.store.base import All, CollectionSpec, Condition, Document, In, Index, Page, Range, Scalar, Where
from hub.store.query import (
    ID,
    SCHEMA_VERSION,
    VERSION,
    Plan,
    Schema,
    check_schema_version,
    distinct,
    encoded,
    first_of_each,
    id_of,
    last_of_each,
    misfit,
    version_of,
)

_WRITER = "_w"
"""Names the bulk call that wrote a document; never leaves this file."""
_META: dict[str, Any] = {ID: "schema", "version": SCHEMA_VERSION}
_DUPLICATE = 11000
_REFUSED = (13, 18)
"""Unauthorized, AuthenticationFailed."""

Filter = dict[str, Any]


@contextmanager
def _translated() -> Iterator[None]:
    """PyMongo's errors as ours; what a caller expects (duplicates) it catches inside."""
    try:
        yield
    except (InvalidDocument, OverflowError) as exc:
        raise InvalidInput(f"the store cannot keep this document: {exc}") from exc
    except errors.ConfigurationError as exc:
        raise ConfigurationError(f"MongoDB: {exc}") from exc
    except errors.PyMongoError as exc:
        raise StoreUnavailable(f"MongoDB: {_words(exc)}") from exc


def _words(exc: errors.PyMongoError) -> str:
    """With the setting to look at, where it is clear which."""
    told = str(exc).partition(", Timeout:")[0]
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return f"its certificate is not trusted, see [store] ca_file: {told}"
    if any(mark in told for mark in ("SSL", "connection closed", "Connection reset")):
        return f"no agreement on TLS, see [store] tls and certificate: {told}"
    if isinstance(exc, errors.OperationFailure) and exc.code in _REFUSED:
        return f"the login is refused, see user and password in [store] mongo: {told}"
    return told


@dataclass(frozen=True, slots=True)
class Tls:
    """Trusts the authorities of a file alone, else the system's; shows a certificate where one is asked for."""

    ca_file: Path | None = None
    certificate: Path | None = None

    def options(self) -> dict[str, Any]:
        """Of the client.

        Raises:
            ConfigurationError: a file is not there.
        """
        files = {"ca_file": self.ca_file, "certificate": self.certificate}
        for name, path in files.items():
            if path and not path.is_file():
                raise ConfigurationError(f"[store] {name} {path}: there is no such file")
        given = {"tlsCAFile": self.ca_file, "tlsCertificateKeyFile": self.certificate}
        return {"tls": True, **{name: str(path) for name, path in given.items() if path}}


class MongoStore:
    """Documents in a database; what a write returned for is on disk at a majority of the replica set."""

    def __init__(
        self, url: str, database: str, *, tls: Tls | None = None, timeout: timedelta = timedelta(seconds=10)
    ) -> None:
        """`timeout` is for one answer of the server, and for finding one that writes; no `tls`: as `url` says."""
        self._tls = tls
        self._url = url
        self._name = database
        self._milliseconds = int(timeout.total_seconds() * 1000)
        self._client: AsyncIOMotorClient[dict[str, Any]] | None = None
        self._collections: dict[str, MongoCollection] = {}

    @property
    def database(self) -> AsyncIOMotorDatabase[dict[str, Any]]:
        if self._client is None:
            raise StoreUnavailable(f"MongoDB, database {self._name}: not started")
        return self._client[self._name]

    def collection(self, spec: CollectionSpec) -> "MongoCollection":
        """Declare all before `start`; the same name again gives the same collection."""
        known = self._collections.setdefault(spec.name, MongoCollection(spec, self))
        if known.spec != spec:
            raise ValueError(f"collection {spec.name} is declared twice, differently")
        return known

    async def start(self) -> None:
        with _translated():
            self._client = self._client or self._connected()
            found = await self.database["meta"].find_one({ID: _META[ID]})
            check_schema_version(found["version"] if found else SCHEMA_VERSION, f"database {self._name}")
        await self.ping()
        for collection in self._collections.values():
            await collection.make_indexes()

    async def stop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def ping(self) -> None:
        with _translated():
            try:
                await self.database["meta"].replace_one({ID: _META[ID]}, _META, upsert=True)
            except errors.DuplicateKeyError:
                # Another process made it in the same instant: it is there.
                return

    def _connected(self) -> AsyncIOMotorClient[dict[str, Any]]:
        return AsyncIOMotorClient(
            self._url,
            **(self._tls.options() if self._tls else {}),
            # What follows is stronger than the same in the connection string.
            serverSelectionTimeoutMS=self._milliseconds,
            # Sooner than the search for a server ends, which then tells why it could not be reached.
            connectTimeoutMS=self._milliseconds // 2,
            socketTimeoutMS=self._milliseconds,
            w="majority",
            journal=True,
            # What a primary that lost its place still shows must not be taken for what is.
            readConcernLevel="majority",
            readPreference="primary",
        )


class MongoCollection:
    """One collection; a document is stored as it is, its version beside it."""

    def __init__(self, spec: CollectionSpec, store: MongoStore) -> None:
        self.spec = spec
        self.schema = Schema(spec)
        self._store = store

    @property
    def _documents(self) -> AsyncIOMotorCollection[dict[str, Any]]:
        return self._store.database[self.spec.name]

    async def make_indexes(self) -> None:
        with _translated():
            there = await self._documents.index_information()
            for index in self.spec.indexes:
                if index.many and _index_name(index) not in there:
                    await self._check_carried(index)
                keys = [(field, 1) for field in dict.fromkeys((*index.fields, ID))]
                await self._documents.create_index(keys, name=_index_name(index), **_only(index))
                if index.sparse and _legacy_name(index) in there:
                    await self._documents.drop_index(_legacy_name(index))

    async def _check_carried(self, index: Index) -> None:
        """Raises ConfigurationError where what is there already does not fit the index of a list."""
        listed, *_ = index.fields
        for carried in self.schema.carried[listed]:
            if found := await self._documents.find_one({f"{listed}.0": {"$exists": True}, carried: None}):
                raise misfit(self.spec.name, listed, carried, found[ID])

    async def get(self, doc_id: str) -> Document | None:
        return (await self.get_many((doc_id,))).get(doc_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        wanted = distinct(ids)
        if not wanted:
            return {}
        with _translated():
            found = await self._documents.find({ID: {"$in": wanted}}).to_list(None)
        return {document[ID]: _read(document) for document in found}

    async def insert(self, document: Document) -> bool:
        return bool(await self.insert_many((document,)))

    async def insert_many(self, documents: Sequence[Document]) -> set[str]:
        given = first_of_each(documents)
        ids = list(given)
        if not ids:
            return set()
        with _translated():
            try:
                await self._documents.insert_many(
                    [self._stored(document, 1) for document in given.values()], ordered=False
                )
            except errors.BulkWriteError as exc:
                return set(ids) - {ids[place] for place in _duplicates(exc)}
        return set(ids)

    async def swap(self, document: Document) -> bool:
        doc_id, read = id_of(document), version_of(document)
        with _translated():
            found = await self._documents.replace_one({ID: doc_id, VERSION: read}, self._stored(document, read + 1))
        return found.matched_count == 1

    async def swap_many(self, documents: Sequence[Document]) -> set[str]:
        """MongoDB's reply to a bulk says how many matched and not which; where some did not, they are read back.

        Raises:
            StoreUnavailable: also when others wrote again so soon that nobody can tell any more.
        """
        given = first_of_each(documents)
        read = {doc_id: version_of(document) for doc_id, document in given.items()}
        if not given:
            return set()
        token = fresh("bulk")
        writes = [
            ReplaceOne({ID: doc_id, VERSION: read[doc_id]}, self._stored(document, read[doc_id] + 1, token))
            for doc_id, document in given.items()
        ]
        with _translated():
            matched = (await self._documents.bulk_write(writes, ordered=False)).matched_count
            return set(given) if matched == len(given) else await self._won(read, token, matched)

    async def _won(self, read: Mapping[str, int], token: str, matched: int) -> set[str]:
        shown = {VERSION: 1, _WRITER: 1}
        found = await self._documents.find({ID: {"$in": list(read)}}, shown).to_list(None)
        ours = {document[ID] for document in found if document.get(_WRITER) == token}
        if len(ours) == matched:
            return ours
        later = {document[ID] for document in found if document[VERSION] > read[document[ID]] + 1}
        if len(ours | later) == matched:
            return ours | later
        raise StoreUnavailable(f"MongoDB: {self.spec.name}: others wrote at once, read again")

    async def unset(self, documents: Sequence[Document], *fields: str) -> set[str]:
        """As `swap_many`, one change for each."""
        self.schema.check_unset(fields)
        read = {id_of(document): version_of(document) for document in documents}
        if not read:
            return set()
        token = fresh("bulk")
        change = {"$unset": dict.fromkeys(fields, ""), "$inc": {VERSION: 1}, "$set": {_WRITER: token}}
        writes = [UpdateOne({ID: doc_id, VERSION: version}, change) for doc_id, version in read.items()]
        with _translated():
            matched = (await self._documents.bulk_write(writes, ordered=False)).matched_count
            return set(read) if matched == len(read) else await self._won(read, token, matched)

    async def put_many(self, documents: Sequence[Document]) -> None:
        left = last_of_each(documents)
        while left:
            with _translated():
                found = await self._documents.find({ID: {"$in": list(left)}}, {VERSION: 1}).to_list(None)
            versions = {document[ID]: document[VERSION] for document in found}
            done = await self.insert_many([doc for doc_id, doc in left.items() if doc_id not in versions])
            done |= await self.swap_many([{**left[doc_id], VERSION: version} for doc_id, version in versions.items()])
            left = {doc_id: document for doc_id, document in left.items() if doc_id not in done}

    async def delete_many(self, ids: Iterable[str]) -> int:
        with _translated():
            return (await self._documents.delete_many({ID: {"$in": distinct(ids)}})).deleted_count

    async def delete(self, document: Document) -> bool:
        with _translated():
            found = await self._documents.delete_one({ID: id_of(document), VERSION: version_of(document)})
        return found.deleted_count == 1

    async def find(
        self,
        where: Where,
        *,
        order: str = "_id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        plan = self.schema.plan(where, order=order, descending=descending, limit=limit, after=after)
        way = -1 if descending else 1
        keys = [(field, way) for field in dict.fromkeys((plan.order, ID))]
        with _translated():
            cursor = self._documents.find(_filter(plan)).sort(keys).limit(limit + 1).batch_size(limit + 1)
            found = await cursor.to_list(None)
        return plan.page([_read(document) for document in found])

    async def count(self, where: Where, *, at_most: int) -> int:
        plan = self.schema.counting(where, at_most)
        with _translated():
            return await self._documents.count_documents(_filter(plan), limit=at_most)

    async def count_by(self, field: str, where: Where | None = None) -> dict[Scalar, int]:
        self.schema.check_countable(field)
        self.schema.check(where or {})
        stages: list[dict[str, Any]] = [
            {"$match": _all([_condition(name, condition) for name, condition in (where or {}).items()])},
            {"$group": {ID: f"${field}", "n": {"$sum": 1}}},
        ]
        with _translated():
            groups = await self._documents.aggregate(stages).to_list(None)
        return {group[ID]: group["n"] for group in groups}

    def _stored(self, document: Document, version: int, writer: str | None = None) -> dict[str, Any]:
        self.schema.values(document)
        self.schema.listed(document)
        encoded(document)
        stored = {**document, VERSION: version}
        return stored if writer is None else {**stored, _WRITER: writer}


def _index_name(index: Index) -> str:
    return f"{_legacy_name(index)}__partial" if index.sparse else _legacy_name(index)


def _legacy_name(index: Index) -> str:
    """What sparse ones were called before they were; they held every document."""
    return "__".join(index.fields)


def _only(index: Index) -> dict[str, Any]:
    """MongoDB's own `sparse` keeps a document that has any of the fields, and every document has an `_id`."""
    return {"partialFilterExpression": {index.fields[0]: {"$exists": True}}} if index.sparse else {}


def _read(document: dict[str, Any]) -> Document:
    document.pop(_WRITER, None)
    return document


def _duplicates(exc: errors.BulkWriteError) -> list[int]:
    """The places of the documents whose id was taken; raises again what went wrong otherwise."""
    details = exc.details or {}
    failed = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(error["code"] != _DUPLICATE for error in failed):
        raise exc
    return [error["index"] for error in failed]


def _filter(plan: Plan) -> Filter:
    conditions = [{field: {"$in": list(values)}} for field, values in plan.fixed.items()]
    conditions += [_condition(field, condition) for field, condition in plan.rest.items()]
    if plan.bounds is not None:
        conditions.append(_condition(plan.order, plan.bounds))
    if plan.after is not None:
        conditions.append(_beyond(plan, *plan.after))
    return _all(conditions)


def _beyond(plan: Plan, value: Scalar, doc_id: str) -> Filter:
    """After the cursor; null comes first and compares with nothing, so it is a case of its own."""
    sign = "$lt" if plan.descending else "$gt"
    if plan.order == ID:
        return {ID: {sign: doc_id}}
    either: list[Filter] = [{plan.order: value, ID: {sign: doc_id}}]
    if value is not None:
        either.append({plan.order: {sign: value}})
    if value is None and not plan.descending:
        either.append({plan.order: {"$ne": None}})
    if value is not None and plan.descending and plan.bounds is None:
        either.append({plan.order: None})
    return {"$or": either}


def _condition(field: str, condition: Condition) -> Filter:
    match condition:
        case Range(since, until):
            bounds = {"$gte": since, "$lt": until}
            given = {sign: value for sign, value in bounds.items() if value is not None}
            return {field: given} if given else {}
        case In(values):
            return {field: {"$in": list(values)}}
        case All(values):
            return {field: {"$all": list(values)}}
        case _:
            return {field: condition}


def _all(conditions: Sequence[Filter]) -> Filter:
    given = [condition for condition in conditions if condition]
    return {"$and": given} if given else {}
