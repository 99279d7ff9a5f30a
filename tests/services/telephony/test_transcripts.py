"""What was said, in writing: of lines that say so, by whom the hub names, for whom the recording may be played."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.contracts.interaction import CallChanged
from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput, ProviderUnavailable
from hub.kit.outside import Outside
from hub.kit.secrets import SecretBox
from hub.store.base import Document
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBlobs, FakeBus, FakeClock
from hub.testing.outside import HERE
from hub.testing.serving import serving
from hub.testing.waiting import eventually
from services.telephony.adapters.whisper import WhisperSpeech
from services.telephony.calls.models import Result
from services.telephony.calls.repository import CallRepository
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import LineRepository
from services.telephony.recordings.fetcher import Remover
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.recordings.service import Recordings
from services.telephony.recordings.sources import Sound
from services.telephony.transcripts.asking import Asking
from services.telephony.transcripts.models import TranscriberInput
from services.telephony.transcripts.repository import TranscriberRepository
from services.telephony.transcripts.service import MOST, MOST_BYTES, Transcribers, Writer
from services.telephony.transcripts.speech import NotWritten, Transcriber
from tests.services.telephony.test_agents import A_CALL, ANNA
from tests.services.telephony.test_drafts import SETTING, draft
from tests.services.telephony.test_recorded import Files, RecordedHarness, files, sound

__all__ = ["files"]
KEY, SAID = "key of the service", "Добрый день, где мой заказ?"
PATIENCE, EXPIRY = timedelta(minutes=5), timedelta(days=1)


class Whisper:
    """A server of the kind, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status, self.answer = 200, {"text": SAID}
        self.url = ""

    async def meanwhile(self) -> None:
        """While somebody waits for the answer."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        await self.meanwhile()
        file = form["file"]
        assert isinstance(file, web.FileField)
        told = {name: str(value) for name, value in form.items() if name != "file"}
        told |= {"file": file.filename, "kind": file.content_type, "bytes": str(len(file.file.read()))}
        self.asked.append({**told, "login": request.headers.get("Authorization", "")})
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def whisper() -> AsyncIterator[Whisper]:
    made = Whisper()
    app = web.Application(client_max_size=30 * 2**20)
    app.router.add_post("/v1/audio/transcriptions", made.serve)
    async with serving(app) as made.url:
        yield made


@pytest.fixture
async def office(tmp_path: Path, pbx: AsteriskSimulator, files: Files) -> AsyncIterator[RecordedHarness]:
    made = RecordedHarness(tmp_path, pbx, files)
    await made.open()
    await made.listened_to()
    files.kept["call-1.wav"] = sound()
    yield made
    await made.close()


async def test_a_recording_of_a_line_that_says_so_is_written_down_for_whom_it_may_be_played(
    office: RecordedHarness, whisper: Whisper
) -> None:
    await office.api.patch(f"/lines/{office.line_id}", json={"transcribe": True})
    given = {"url": whisper.url, "key": KEY.replace(" ", "-"), "model": "large-v3"}
    assert (await office.api.put("/transcriber", json=given)).json() == {
        "url": whisper.url,
        "model": "large-v3",
        "has_key": True,
    }
    recording = await office.recorded()

    async def written() -> Any:
        changed = [one.call.recordings for one in await office.events(CallChanged)]
        return next((one[0] for one in changed if one and one[0].transcript == "ready"), None)

    told = await eventually(written)
    about = {"model": "large-v3", "response_format": "json", "file": "recording.wav", "kind": "audio/wav"}
    login = f"Bearer {KEY.replace(' ', '-')}"
    assert whisper.asked == [{**about, "bytes": str(len(sound())), "login": login}]
    assert SAID not in told.model_dump_json()
    read = await office.asks(f"/recordings/{recording}/transcript", "anna")
    assert (read.json()["text"], read.json()["state"], read.json()["cut"]) == (SAID, "ready", False)
    assert (await office.asks(f"/recordings/{recording}/transcript", "boris")).status_code == 404


async def test_without_the_lines_word_nothing_is_written_down(office: RecordedHarness, whisper: Whisper) -> None:
    await office.api.put("/transcriber", json={"url": whisper.url})
    recording = await office.recorded()
    await office.state("ready")
    read = await office.asks(f"/recordings/{recording}/transcript", "anna")
    assert (read.json()["state"], read.json()["text"], whisper.asked) == ("", "", [])


async def test_reading_it_is_allowed_to_the_same_roles_as_playing_and_is_in_the_audit(
    office: RecordedHarness,
) -> None:
    told = (await office.api.get("/operations")).json()["operations"]
    operations = {one["path"].rpartition("/")[2]: one for one in told if one["path"].startswith("/recordings/{id}/")}
    compared = ("right", "noun", "action", "audited")
    play, read = operations["audio"], operations["transcript"]
    assert [read[name] for name in compared] == [play[name] for name in compared]


class Room:
    """One recording that shall be written down, and the clock of those who do it."""

    def __init__(self, store: SqliteStore, whisper: Whisper) -> None:
        self.clock, self.blobs, self.bus = FakeClock(), FakeBlobs(), FakeBus()
        self.kept, self.calls = RecordingRepository(store, self.clock), CallRepository(store)
        self.calls.on(self.bus, self.clock)
        self.transcribers = TranscriberRepository(store, SecretBox(b"k" * 43 + b"="))
        self.lines = LineRepository(store, self.clock)
        self.whisper = whisper
        self.says = OurLine(id="ln_1", number="+74950000001", exchange="ex_1")
        self.speech = WhisperSpeech(patience=5, outside=HERE)

    def writer(self) -> Writer:
        """As another copy of the hub."""
        return Writer(
            recordings=self.kept,
            transcribers=self.transcribers,
            calls=self.calls,
            lines=self.lines,
            blobs=self.blobs,
            speech=self.speech,
            clock=self.clock,
            patience=PATIENCE,
            expiry=EXPIRY,
        )

    async def fetched(self, **over: Any) -> None:
        """A recording that is here, of a call that is over."""
        over_call = replace(A_CALL, result=Result.ANSWERED, ended_at=9.0, complete=True, recording="a.wav")
        call = draft(over_call, SETTING, asked=None)
        await self.calls.calls.insert(call)
        await self.kept.want("ex_1", call, [("a.wav", "call")])
        self.id = call["state"]["recordings"][0]["id"]
        await self.blobs.put("sound", b"RIFF")
        now = iso(self.clock.now())
        about = {"state": "ready", "blob": "sound", "size": 4, "content_type": "audio/wav", "text_state": "pending"}
        about |= {"text_wanted_at": now, "text_next_at": now, "text_attempts": 0, **over}
        await self.kept.save({**await self.recording(), **about})
        await self.transcribers.put(Transcriber(self.whisper.url, "whisper-1", ""))

    async def sees_whole(self, *_: object) -> bool:
        return True

    async def line(self, _line: str) -> OurLine:
        return self.says

    def asking(self) -> Asking:
        recordings = Recordings(repository=self.kept, seen=self, blobs=self.blobs)
        return Asking(recordings, self.kept, self.calls, self, self.clock)

    async def recording(self) -> Document:
        found = await self.kept.get(self.id)
        assert found is not None
        return found

    async def look(self, *, later: float = 1) -> tuple[str, str]:
        """What is told of it after a look."""
        self.clock.advance(timedelta(seconds=later))
        await self.writer().look()
        found = await self.recording()
        return found["text_state"], found.get("text_reason") or ""

    async def shown(self) -> tuple[str, str]:
        """By its call."""
        (call,) = (await self.calls.calls.find({}, limit=10)).items
        told = call["state"]["recordings"][0]
        return told["transcript"], told["transcript_reason"]


@pytest.fixture
async def room(tmp_path: Path, whisper: Whisper) -> AsyncIterator[Room]:
    store = SqliteStore(tmp_path / "telephony.sqlite")
    made = Room(store, whisper)
    await store.start()
    yield made
    await made.speech.close()
    await store.stop()


async def test_a_service_that_is_away_is_asked_again_later_and_the_reason_is_shown(room: Room) -> None:
    await room.fetched()
    room.whisper.status = 503
    assert await room.look() == ("pending", "the service answered 503")
    room.whisper.status = 200
    assert (await room.look(later=4), len(room.whisper.asked)) == (("pending", "the service answered 503"), 1)
    assert (await room.look(later=2), await room.shown()) == (("ready", ""), ("ready", ""))


async def test_what_the_service_does_not_take_has_failed_and_the_call_says_why(room: Room) -> None:
    await room.fetched()
    room.whisper.status = 415
    reason = "the service does not take this recording: it answered 415"
    assert (await room.look(), await room.shown()) == (("failed", reason), ("failed", reason))
    assert (await room.look(later=1_000), len(room.whisper.asked)) == (("failed", reason), 1)


async def test_what_could_not_be_written_down_for_a_day_never_will_be(room: Room) -> None:
    await room.fetched()
    room.whisper.status = 500
    assert await room.look() == ("pending", "the service answered 500")
    assert await room.look(later=EXPIRY.total_seconds()) == ("failed", "given up: the service answered 500")


async def test_what_failed_is_written_down_after_all_when_somebody_asks_for_it(room: Room) -> None:
    await room.fetched()
    room.whisper.status = 415
    await room.look()
    room.whisper.status = 200
    with pytest.raises(Conflict, match="transcribe"):
        await room.asking().again(room.id, ANNA)
    room.says = replace(room.says, transcribe=True)
    await room.asking().again(room.id, ANNA)
    assert await room.shown() == ("pending", "")
    await room.asking().again(room.id, ANNA)
    assert (await room.look(), await room.shown()) == (("ready", ""), ("ready", ""))
    await room.asking().again(room.id, ANNA)
    assert (await room.recording())["text_state"] == "ready"


async def test_what_is_too_large_is_not_sent(room: Room) -> None:
    await room.fetched(size=MOST_BYTES + 1)
    state, reason = await room.look()
    assert (state, f"{MOST_BYTES:,}" in reason, room.whisper.asked) == ("failed", True, [])


async def test_two_copies_of_the_hub_send_it_once_and_a_crash_is_made_good(room: Room) -> None:
    await room.fetched()
    claimed = {**await room.recording(), "text_next_at": iso(room.clock.now() + 2 * PATIENCE)}
    await room.kept.save(claimed)
    assert (await room.look(), room.whisper.asked) == (("pending", ""), [])
    assert await room.look(later=2 * PATIENCE.total_seconds()) == ("ready", "")


async def test_of_a_long_one_the_beginning_is_kept(room: Room) -> None:
    await room.fetched()
    room.whisper.answer = {"text": "да " * MOST}
    await room.look()
    found = await room.recording()
    kept = (await room.blobs.get(found["text_blob"])).decode()
    assert (len(kept), found["text_cut"]) == (MOST, True)


async def test_it_is_removed_together_with_its_recording(room: Room) -> None:
    await room.fetched(remove_at=iso(room.clock.now() + timedelta(days=1)))
    await room.look()
    blob = (await room.recording())["text_blob"]
    room.clock.advance(timedelta(days=2))
    await Remover(recordings=room.kept, calls=room.calls, blobs=room.blobs, clock=room.clock).remove()
    assert (await room.shown(), (await room.recording())["text_blob"]) == (("removed", ""), "")
    assert blob not in room.blobs.content


async def test_what_is_removed_while_it_is_written_down_is_not_kept_in_writing(room: Room) -> None:
    await room.fetched(remove_at=iso(room.clock.now()))

    async def removed() -> None:
        await Remover(recordings=room.kept, calls=room.calls, blobs=room.blobs, clock=room.clock).remove()

    room.whisper.meanwhile = removed  # type: ignore[method-assign]
    assert await room.look() == ("removed", "")
    assert (await room.shown(), SAID.encode() in room.blobs.content.values()) == (("removed", ""), False)


async def test_words_that_no_store_can_hold_are_kept_as_far_as_they_can_be(room: Room) -> None:
    await room.fetched()
    room.whisper.answer = {"text": "Добрый\x00 \ud800день"}
    assert await room.look() == ("ready", "")
    assert (await room.blobs.get((await room.recording())["text_blob"])).decode() == "Добрый\ufffd ?день"


async def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_without_end() -> None:
    closed = asyncio.Event()

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(OSError):
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        closed.set()

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    speech = WhisperSpeech(patience=0.3, outside=HERE)
    given = Transcriber(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "whisper-1", "")
    async with asyncio.timeout(20):
        with pytest.raises(ProviderUnavailable, match="no answer within"):
            await speech.write(Sound(b"RIFF", "audio/wav"), given, language="")
    await speech.close()
    server.close()
    await closed.wait()


@pytest.mark.parametrize("answer", [{"words": SAID}, {"text": 5}])
async def test_an_answer_that_is_no_transcript_is_none(room: Room, answer: dict[str, Any]) -> None:
    room.whisper.answer = answer
    given = Transcriber(room.whisper.url, "whisper-1", "")
    with pytest.raises(ProviderUnavailable, match="not with a transcript"):
        await room.speech.write(Sound(b"RIFF", "audio/wav"), given, language="ru")


async def test_an_address_of_this_machine_is_not_called_unless_it_is_opened(whisper: Whisper) -> None:
    speech = WhisperSpeech(patience=5, outside=Outside())
    with pytest.raises(ProviderUnavailable, match="allowed_networks"):
        await speech.write(Sound(b"RIFF", "audio/wav"), Transcriber(whisper.url, "whisper-1", ""), language="")
    await speech.close()
    assert whisper.asked == []


async def test_the_language_of_the_line_is_told_and_a_refusal_is_for_good(room: Room) -> None:
    given = Transcriber(room.whisper.url, "whisper-1", "")
    await room.speech.write(Sound(b"OggS", "audio/ogg"), given, language="ru")
    assert (room.whisper.asked[0]["language"], room.whisper.asked[0]["file"]) == ("ru", "recording.ogg")
    room.whisper.status = 422
    with pytest.raises(NotWritten):
        await room.speech.write(Sound(b"OggS", "audio/ogg"), given, language="")


async def test_a_key_goes_nowhere_else_than_it_was_entered_for_and_is_sealed(room: Room) -> None:
    transcribers = Transcribers(room.transcribers)
    await transcribers.set(TranscriberInput.model_validate({"url": "https://one.example", "key": "k1"}))
    with pytest.raises(InvalidInput, match="url"):
        await transcribers.set(TranscriberInput.model_validate({"url": "https://two.example"}))
    await transcribers.set(TranscriberInput.model_validate({"url": "https://one.example/whisper"}))
    assert await room.transcribers.get() == Transcriber("https://one.example/whisper", "whisper-1", "k1")
    await transcribers.remove()
    assert (await transcribers.show()).url == ""
