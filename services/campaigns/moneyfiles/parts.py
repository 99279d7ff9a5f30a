"""Puts the parts of files of money together, on what the service has."""

from hub.api.public import Public
from hub.api.uploads import Uploads
from hub.jobs.service import Jobs
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from services.campaigns.attribution.money import MoneyBook
from services.campaigns.moneyfiles import endpoints
from services.campaigns.moneyfiles.job import TakeMoney
from services.campaigns.moneyfiles.service import MoneyFiles
from services.campaigns.moneyfiles.weighing import Weighing
from services.campaigns.sources.service import Sources


def job(book: MoneyBook, sources: Sources, blobs: Blobs, apart: Apart) -> TakeMoney:
    return TakeMoney(Weighing(book, sources), blobs=blobs, apart=apart)


def public(jobs: Jobs, blobs: Blobs, apart: Apart, currency: str, uploads: Uploads) -> Public:
    """`currency` is that of rows that name none."""
    return endpoints.public(MoneyFiles(jobs, blobs=blobs, apart=apart, currency=currency), uploads)
