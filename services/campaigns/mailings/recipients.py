"""Whose a link of a mailing is; see `services.campaigns.consent.doors.Recipients`."""

from hub.channels.marks import Mark
from services.campaigns.consent.doors import Recipient
from services.campaigns.consent.doors import Recipients as Others
from services.campaigns.mailings.repository import MailingRepository


class Recipients:
    """Of mailings; whoever is none of theirs is looked for among `others`."""

    def __init__(self, repository: MailingRepository, others: Others) -> None:
        self._repository = repository
        self._others = others

    async def of_mark(self, mark: Mark) -> Recipient | None:
        row = (await self._repository.get_many([mark.row])).get(mark.row)
        if row is None:
            return await self._others.of_mark(mark)
        if "channel" in row:  # a single message, of no mailing
            fields = {name: row[name] for name in ("address", "channel", "topic", "language")}
            return Recipient(**fields)
        mailing = await self._repository.plain.get(mark.mailing)
        if mailing is None or "way" not in row:
            return None
        channel = mailing["messages"][row["way"]]["channel"]
        return Recipient(
            address=row["address"], channel=channel, topic=mailing["topic"], language=row.get("language", "")
        )
