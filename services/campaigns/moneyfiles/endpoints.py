"""The HTTP door of files of costs, payments and orders."""

from fastapi import Response

from hub.api.actor import Acting, Key
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.tables import CSV, PreviewView, streamed
from hub.api.uploads import Uploads
from hub.jobs.models import JobView
from hub.kit.errors import TooLarge
from services.campaigns.moneyfiles.models import MoneyImportForm, MoneyPreviewForm, Options
from services.campaigns.moneyfiles.service import MoneyFiles


def public(files: MoneyFiles, uploads: Uploads) -> Public:
    """The operations."""
    routes = Public("attribution", uploads=uploads)

    @routes.post(
        "/money-imports/previews", right=Right.MANAGE_CAMPAIGNS, noun="import", action="read", refuses=[TooLarge]
    )
    async def preview_money_import(form: MoneyPreviewForm) -> PreviewView:
        """The columns of a file of costs, payments or orders, what each would be taken for, and the first texts."""
        options = Options(form.subject, form.charset, form.delimiter)
        return PreviewView.of(await files.preview(form.file.blob, options), kept=False)

    @routes.post("/money-imports", right=Right.MANAGE_CAMPAIGNS, noun="import", status=202, refuses=[TooLarge])
    async def import_money(form: MoneyImportForm, actor: Acting, key: Key = None) -> JobView:
        """Take costs, payments or orders over from a file, as a job; its results tell of parts of 500 rows."""
        asked = {**form.model_dump(mode="json", exclude={"file"}), "blob": form.file.blob}
        return await files.take(asked, actor=actor, key=key)

    @routes.get("/money-imports/{id}/rejected", right=Right.MANAGE_CAMPAIGNS, noun="import", download=CSV)
    async def download_rejected_money(job_id: Id, actor: Acting) -> Response:
        """The rows that your import did not take, with the reason of each; correct them and import them again."""
        return streamed(await files.rejected(actor, job_id), "rejected.csv", CSV)

    return routes
