"""What was said in calls, in writing: who writes it down, and what came of it."""

from hub.api.actor import Acting
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from services.telephony.transcripts.asking import Asking
from services.telephony.transcripts.models import TranscriberInput, TranscriberView, TranscriptView
from services.telephony.transcripts.service import Transcribers, Transcripts


def add(routes: Public, transcripts: Transcripts, asking: Asking, transcribers: Transcribers) -> None:
    @routes.get(
        "/recordings/{id}/transcript", right=Right.PLAY_RECORDINGS, noun="recording", action="play", audited=True
    )
    async def read_transcript(recording_id: Id, actor: Acting) -> TranscriptView:
        """What was said in a recording, for whom it may be played. It is in the audit that you read it."""
        return await transcripts.get(recording_id, actor)

    @routes.post(
        "/recordings/{id}/transcript",
        right=Right.PLAY_RECORDINGS,
        noun="recording",
        action="play",
        audited=True,
        status=202,
        refuses=[Conflict],
    )
    async def ask_for_transcript(recording_id: Id, actor: Acting) -> TranscriptView:
        """Have a recording written down whose transcript failed, or was not asked for yet."""
        await asking.again(recording_id, actor)
        return await transcripts.get(recording_id, actor)

    @routes.get("/transcriber", right=Right.READ_CHANNELS, noun="transcriber")
    async def show_transcriber() -> TranscriberView:
        """Where recordings are written down."""
        return await transcribers.show()

    @routes.put("/transcriber", right=Right.MANAGE_CHANNELS, noun="transcriber")
    async def set_transcriber(given: TranscriberInput) -> TranscriberView:
        """Have recordings written down there, of the lines that say so (`transcribe`)."""
        return await transcribers.set(given)

    @routes.delete("/transcriber", right=Right.MANAGE_CHANNELS, noun="transcriber", status=204)
    async def remove_transcriber() -> None:
        """Nothing is written down any more; what was is kept."""
        await transcribers.remove()
