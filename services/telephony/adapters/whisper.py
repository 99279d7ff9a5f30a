"""Whisper's HTTP API, as OpenAI published it and other servers have it: one recording in, its words out."""

import asyncio

import httpx

from hub.kit import plain
from hub.kit.errors import ProviderUnavailable
from hub.kit.outside import Outside
from hub.kit.outside_http import answer_limit, client
from services.telephony.recordings.sources import Sound
from services.telephony.transcripts.speech import NotWritten, Transcriber

_PATH = "/v1/audio/transcriptions"
"""https://platform.openai.com/docs/api-reference/audio/createTranscription"""
_ANSWER = 4 * 2**20
_NEVER = (400, 413, 415, 422)
"""Of this recording nothing else can come."""
_ENDINGS = {"audio/wav": "wav", "audio/ogg": "ogg", "audio/mpeg": "mp3"}


class WhisperSpeech:
    """See `services.telephony.transcripts.speech.Speech`."""

    def __init__(self, *, patience: float, outside: Outside) -> None:
        """`patience`: seconds for the whole of it, however many signs of progress there are."""
        self._http = client(outside, patience=patience)
        self._patience = patience

    async def close(self) -> None:
        await self._http.aclose()

    async def write(self, sound: Sound, given: Transcriber, *, language: str) -> str:
        """See the port."""
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._post(sound, given, language)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"there was no answer within {self._patience:g} seconds") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise ProviderUnavailable(f"{type(exc).__name__} {exc}"[:300].rstrip()) from exc
        return _text(answer)

    async def _post(self, sound: Sound, given: Transcriber, language: str) -> httpx.Response:
        ending = _ENDINGS.get(sound.content_type, "wav")
        return await self._http.post(
            f"{given.url}{_PATH}",
            files={"file": (f"recording.{ending}", sound.content, sound.content_type)},
            data={"model": given.model, "response_format": "json", **({"language": language} if language else {})},
            headers={"Authorization": f"Bearer {given.key}"} if given.key else {},
            extensions=answer_limit(_ANSWER),
        )


def _text(answer: httpx.Response) -> str:
    """What it says; of an answer that is an error its status alone, for the address may be of anybody."""
    if answer.status_code in _NEVER:
        raise NotWritten(f"the service does not take this recording: it answered {answer.status_code}")
    if not answer.is_success:
        raise ProviderUnavailable(f"the service answered {answer.status_code}")
    try:
        text = answer.json()["text"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ProviderUnavailable("the service answered, and not with a transcript") from exc
    if not isinstance(text, str):
        raise ProviderUnavailable("the service answered, and not with a transcript")
    return plain.words(text)
