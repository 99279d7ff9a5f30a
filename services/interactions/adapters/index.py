"""The index of the search, in tantivy: a folder.

| field | what |
|---|---|
| `id` | of the entry |
| `body` | its words, stemmed in Russian and English, with their places |
| `contacts`, `sender`, `recipient` | words of addresses, and of names and addresses |
| `tails` | its numbers, backwards |
| `marks` | filters, and tokens of those who may see it |
| `rank` | order in time |
| `note` | see `Entry.note`; of the entry `positions` how far the index is |
"""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from hub.bus.base import Position
from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.kit.private import make_private
from services.interactions.search.asking import Wanted, mark
from services.interactions.search.entries import UNREAD, Entry, rank_at
from services.interactions.search.service import Named
from services.interactions.search.words import folded

if TYPE_CHECKING:
    import tantivy

log = Log(__name__)
VERSION = 1
"""Of the entries and how they are kept; an index of another version is made anew."""
_HEAP = 30_000_000
_LONGEST_WORD = 60
_POSITIONS = "positions"
_WHOLE = "whole"
_HIGHEST = 2**63 - 1
_MOST_UNREAD = 100_000
_FEWEST = 2
"""Letters of a word that is still typed."""


class Index:
    """See `services.interactions.search.service.Index`. Its functions block; call them in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.broken = False
        self._opened: tantivy.Index | None = None
        self._writer: tantivy.IndexWriter | None = None

    @property
    def _index(self) -> "tantivy.Index":
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> "tantivy.Index":
        try:
            return self._at()
        except ValueError as exc:
            log.warning("search.made_anew", reason=str(exc)[:200])
            shutil.rmtree(self._path)
            return self._at()

    def _at(self) -> "tantivy.Index":
        import tantivy

        make_private(self._path.parent)
        make_private(self._path)
        made: tantivy.Index = tantivy.Index(_schema(), path=str(self._path))
        made.register_tokenizer("words", _analyzer())
        return made

    def close(self) -> None:
        if self._writer:
            with suppress(Exception):
                self._writer.rollback()
        self._writer = self._opened = None

    def fits(self) -> bool:
        """Whether its files are of the form that is written here."""
        try:
            self._opened = self._at()
        except ValueError:
            return False
        return True

    @property
    def whole(self) -> bool:
        """Whether it had everything once."""
        return (self._path / _WHOLE).exists()

    def mark_whole(self) -> None:
        (self._path / _WHOLE).touch()

    def discard(self) -> None:
        """Takes its files away. Who asks it at this moment still has them."""
        if self._writer:
            with suppress(Exception):
                self._writer.rollback()
        self._writer = None
        shutil.rmtree(self._path, ignore_errors=True)

    def make_anew(self) -> None:
        """Empty: its files were damaged, and all that was in them is on the bus."""
        log.warning("search.made_anew", reason="its files are damaged")
        self._writer = self._opened = None
        shutil.rmtree(self._path, ignore_errors=True)
        self.broken = False

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """What its files do to the library (it panics, in a class of its own) is told as ours.

        Raises:
            StoreUnavailable: the index is broken; it will be made anew.
        """
        try:
            yield
        except (ValueError, OSError) as exc:
            self.broken = True
            raise StoreUnavailable("the search is being made anew") from exc
        except BaseException as exc:
            if type(exc).__name__ != "PanicException":
                raise
            self.broken = True
            raise StoreUnavailable("the search is being made anew") from exc

    def positions(self) -> dict[Position, int]:
        """How far it is."""
        note = self.notes([_POSITIONS]).get(_POSITIONS)
        return {(topic, part): at for topic, part, at in orjson.loads(note)} if note else {}

    def notes(self, ids: Iterable[str]) -> dict[str, str]:
        """Of those that have one."""
        import tantivy

        searcher, schema = self._index.searcher(), self._index.schema
        found = {}
        with self._sound():
            for entry_id in ids:
                hits = searcher.search(tantivy.Query.term_query(schema, "id", entry_id), 1, count=False).hits
                if hits and (note := _note(searcher.doc(hits[0][1]))):
                    found[entry_id] = note
        return found

    def add(self, entries: Iterable[Entry]) -> None:
        """Each instead of what it was before. What the library does not take is left out, and stops no other."""
        self._writes()
        for entry in entries:
            try:
                self._put(entry.id, **_fields(entry))
            except (ValueError, OverflowError) as exc:
                log.warning("search.left_out", entry=entry.id, reason=f"{type(exc).__name__}: {exc}"[:200])

    def _writes(self) -> "tantivy.IndexWriter":
        if self._writer is None:
            self._writer = self._index.writer(_HEAP, 1)
        return self._writer

    def _put(self, entry_id: str, **fields: Any) -> None:
        import tantivy

        writer = self._writes()
        writer.delete_documents_by_term("id", entry_id)
        writer.add_document(tantivy.Document(id=entry_id, **fields))

    def commit(self, positions: Mapping[Position, int]) -> None:
        """What was added is found from now on, and was read up to there."""
        told = [[topic, part, at] for (topic, part), at in positions.items()]
        self._put(_POSITIONS, note=orjson.dumps(told), rank=0)
        with self._sound():
            self._writes().commit()
            self._index.reload()

    def rollback(self) -> None:
        """What was added since the last commit is forgotten."""
        if self._writer and not self.broken:
            with self._sound():
                self._writer.rollback()

    def unread(self) -> set[str]:
        """Messages with files whose words were still to be read."""
        import tantivy

        searcher = self._index.searcher()
        query = tantivy.Query.term_query(self._index.schema, "marks", UNREAD, index_option="basic")
        with self._sound():
            hits = searcher.search(query, _MOST_UNREAD, count=False).hits
            return {_note(searcher.doc(address)) for _, address in hits}

    def stems(self, word: str) -> Sequence[str]:
        return _stems(word)

    def find(
        self,
        wanted: Wanted,
        *,
        kinds: Collection[str],
        seen: Sequence[str],
        contacts: bool,
        limit: int,
        below: int | None,
    ) -> list[Named]:
        import tantivy

        query = _Asked(self._index.schema, wanted, contacts=contacts).query(kinds, seen, below)
        searcher = self._index.searcher()
        with self._sound():
            hits = searcher.search(query, limit, count=False, order_by_field="rank", order=tantivy.Order.Desc).hits
            return [_named(searcher.doc(address), rank) for rank, address in hits]


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "note": entry.note.encode(),
        "rank": entry.rank,
        "body": [folded(f"{entry.title}\n{entry.text}")],
        "contacts": [folded(entry.contacts)],
        "sender": [folded(entry.sender)],
        "recipient": [folded(entry.recipient)],
        "tails": sorted(entry.tails),
        "marks": list(entry.marks),
    }


def _note(document: "tantivy.Document") -> str:
    return bytes(document.get_first("note") or b"").decode()


def _named(document: "tantivy.Document", rank: int) -> Named:
    return Named(str(document.get_first("id")), _note(document), int(rank))


class _Asked:
    """A question in tantivy's terms."""

    def __init__(self, schema: "tantivy.Schema", wanted: Wanted, *, contacts: bool) -> None:
        import tantivy

        self._q, self._occur, self._types = tantivy.Query, tantivy.Occur, tantivy.FieldType
        self._schema = schema
        self._wanted = wanted
        self._contacts = contacts

    def query(self, kinds: Collection[str], seen: Sequence[str], below: int | None) -> "tantivy.Query":
        wanted, must = self._wanted, [self._set("marks", [mark("in", kind) for kind in kinds])]
        must += [self._set("marks", seen)] if seen else []
        must += [self._term("marks", one) for one in wanted.marks]
        must += [self._word(word) for word in wanted.words]
        must += [self._beginning(wanted.beginning)] if wanted.beginning else []
        must += [self._phrase(phrase) for phrase in wanted.phrases]
        must += [self._tail(tail) for tail in wanted.tails]
        must += [self._person(role, word) for role, word in wanted.people]
        must += self._times(below)
        without = [(self._occur.MustNot, self._word(word)) for word in wanted.without if self._contacts]
        return self._q.boolean_query([*((self._occur.Must, one) for one in must), *without])

    def _times(self, below: int | None) -> list["tantivy.Query"]:
        since, before = self._wanted.since, self._wanted.before
        lowest = rank_at(int(since.timestamp() * 1000)) if since else 0
        ends = [rank_at(int(before.timestamp() * 1000))] if before else []
        highest = min([*ends, *([below] if below is not None else [])], default=None)
        if not since and highest is None:
            return []
        highest = _HIGHEST if highest is None else highest
        return [self._q.range_query(self._schema, "rank", self._types.Integer, lowest, highest, include_upper=False)]

    def _term(self, field: str, value: str) -> "tantivy.Query":
        return self._q.term_query(self._schema, field, value, index_option="basic")

    def _set(self, field: str, values: Sequence[str]) -> "tantivy.Query":
        return self._q.term_set_query(self._schema, field, list(values))

    def _any(self, found: Sequence["tantivy.Query"]) -> "tantivy.Query":
        return found[0] if len(found) == 1 else self._q.boolean_query([(self._occur.Should, one) for one in found])

    def _word(self, word: str) -> "tantivy.Query":
        """In the text, or where he may ask for them in an address."""
        fields = ("body", "contacts") if self._contacts else ("body",)
        return self._any([self._term(field, stem) for field in fields for stem in _stems(word) or (word,)])

    def _beginning(self, word: str) -> "tantivy.Query":
        """The word as if it were finished, and whatever begins like it."""
        if len(word) < _FEWEST:
            return self._word(word)
        fields = ("body", "contacts") if self._contacts else ("body",)
        return self._any([self._word(word), *(self._begins(field, word) for field in fields)])

    def _begins(self, field: str, word: str) -> "tantivy.Query":
        return self._q.fuzzy_term_query(self._schema, field, word, distance=0, prefix=True)

    def _phrase(self, words: Sequence[str]) -> "tantivy.Query":
        stems: list[str | tuple[int, str]] = [stem for word in words for stem in _stems(word)]
        if len(stems) < 2:
            return self._word(words[0])
        return self._q.phrase_query(self._schema, "body", stems)

    def _tail(self, tail: str) -> "tantivy.Query":
        """Nobody from whom addresses are hidden finds out one by its digits."""
        return self._begins("tails", tail) if self._contacts else self._word(tail[::-1])

    def _person(self, role: str, word: str) -> "tantivy.Query":
        fields = {"from": ("sender",), "to": ("recipient",), "with": ("sender", "recipient")}[role]
        return self._any([self._term(field, stem) for field in fields for stem in _stems(word)])


@lru_cache(maxsize=1)
def _analyzer() -> "tantivy.TextAnalyzer":
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    filters = (Filter.remove_long(_LONGEST_WORD), Filter.lowercase(), *map(Filter.stemmer, ("russian", "english")))
    for each in filters:
        builder = builder.filter(each)
    return builder.build()


@lru_cache(maxsize=20_000)
def _stems(word: str) -> tuple[str, ...]:
    return tuple(_analyzer().analyze(word))


@lru_cache(maxsize=1)
def _schema() -> "tantivy.Schema":
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("note", stored=True)
    builder.add_text_field("body", tokenizer_name="words", index_option="position")
    for name in ("contacts", "sender", "recipient"):
        builder.add_text_field(name, tokenizer_name="words", index_option="basic")
    for name in ("tails", "marks"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("rank", indexed=True, fast=True)
    return builder.build()
