"""What all parts of the service share: its store and bus, and the adapters that it is given."""

from datetime import timedelta

from hub.api.uploads import Uploads
from hub.channels.owner import Owner
from hub.footing import Footing
from hub.store.leases import LEASES, Leases
from services.campaigns.adapters.accounts import Directory
from services.campaigns.adapters.columns import Columns
from services.campaigns.adapters.dialling import Dialling
from services.campaigns.adapters.interactions import InteractionsPeer
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.adapters.telephony import Crew
from services.campaigns.settings import Settings

SERVICE = "campaigns"
_LEASE = timedelta(seconds=30)


class Floor:
    """What all parts of the service share."""

    def __init__(self, footing: Footing) -> None:
        self.footing = footing
        self.settings = Settings.load(footing.source)
        self.bus, self.store = footing.bus(SERVICE), footing.store(SERVICE)
        self.owner = Owner(footing.data, SERVICE)
        self.leases = Leases(self.store.collection(LEASES), footing.clock, self.owner.name, _LEASE)
        self.columns = Columns(footing.data, self.owner.name, self.bus)
        self.books = LeadTables(footing.data, self.owner.name, self.bus)
        self.interactions = InteractionsPeer(footing.peer, footing.seal)
        self.dialling = Dialling(footing.peer, footing.seal, self.columns)
        self.crew = Crew(footing.asking(SERVICE))
        self.directory = Directory(footing.asking(SERVICE))
        self.uploads = Uploads(footing.blobs)
        self.master = footing.secrets.derived("mailings")
        """Signs the links of mailings; whoever has the key file of the hub has it."""

    async def stop(self) -> None:
        await self.columns.close()
        await self.books.close()
        await self.bus.stop()
        await self.store.stop()
        await self.interactions.close()
        await self.dialling.close()
        await self.crew.close()
        await self.directory.close()
        self.owner.release()
