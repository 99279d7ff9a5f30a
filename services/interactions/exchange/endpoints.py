"""Imports and exports over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Key
from hub.api.forms import Form, Id
from hub.api.names import Colleague, TeamId
from hub.api.public import Public
from hub.api.rights import Right
from hub.api.tables import CSV, XLSX, FileForm, PreviewView, Title, streamed
from hub.jobs.models import JobView
from hub.kit.errors import Conflict, TooLarge
from services.interactions.exchange.exporting import COLUMNS
from services.interactions.exchange.service import Exchange

Policy = Literal["skip", "update", "merge", "create"]
_MOST_CHOSEN = 5_000


class ImportForm(FileForm):
    """What shall be taken over, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"file": "att_4k2m", "mapping": {"Имя": "given_name", "Тел.": "phone"}, "dry_run": True}]
        }
    )
    mapping: dict[Title, Title] | None = Field(
        default=None, max_length=500, description="The field of each column; kept for tables with the same titles"
    )
    policy: Policy = Field(default="skip", description="What becomes of rows of clients that are there")
    rows: dict[Annotated[str, Field(pattern=r"^[0-9]{1,7}$")], Policy] = Field(
        default={}, max_length=_MOST_CHOSEN, description="The same for single rows, counted from 0 after the header"
    )
    similar: bool = Field(default=False, description="Also look for clients by likeness; slower")
    dry_run: bool = Field(default=False, description="Tell what would be done, and do nothing")
    owner: Colleague | None = Field(default=None, description="Who looks after the new ones")
    team: TeamId | None = None

    @property
    def asked(self) -> dict[str, Any]:
        told = self.model_dump(mode="json", exclude={"file"})
        return {**told, "owner": self.owner or None, "team": self.team or None, "blob": self.file.blob}


class ExportForm(Form):
    """Which columns, and in what."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"format": "xlsx", "columns": ["name", "phone"]}]})
    format: Literal["csv", "xlsx"] = "csv"
    columns: tuple[Literal[COLUMNS], ...] = Field(default=COLUMNS, min_length=1, max_length=len(COLUMNS))  # type: ignore[valid-type]


def add(routes: Public, exchange: Exchange) -> None:
    _add_imports(routes, exchange)
    _add_exports(routes, exchange)


def _add_imports(routes: Public, exchange: Exchange) -> None:
    @routes.post("/imports/previews", right=Right.WRITE_MESSAGES, noun="import", action="read", refuses=[TooLarge])
    async def preview_import(form: FileForm) -> PreviewView:
        """The columns of a table, what each would be taken for, and the first texts in it."""
        found, kept = await exchange.preview(form.file.blob, charset=form.charset, delimiter=form.delimiter)
        return PreviewView.of(found, kept=kept)

    @routes.post("/imports", right=Right.WRITE_MESSAGES, noun="import", status=202, refuses=[TooLarge])
    async def import_clients(form: ImportForm, actor: Acting, key: Key = None) -> JobView:
        """Take clients over from a table, as a job; its results tell of parts of 500 rows."""
        return await exchange.take(form.asked, actor=actor, key=key)

    @routes.get("/imports/{id}/rejected", right=Right.WRITE_MESSAGES, noun="import", download=CSV)
    async def download_rejected_rows(job_id: Id, actor: Acting) -> Response:
        """The rows that your import did not take, with the reason of each; correct them and import them again."""
        return streamed(await exchange.rejected(actor, job_id), "rejected.csv", CSV)


def _add_exports(routes: Public, exchange: Exchange) -> None:
    @routes.post("/exports", right=Right.READ_CORRESPONDENCE, noun="client", action="read", status=202)
    async def export_clients(form: ExportForm, actor: Acting, key: Key = None) -> JobView:
        """Write the clients whom you see into a table, as a job. It is in the audit."""
        return await exchange.give(form.model_dump(mode="json"), actor=actor, key=key)

    @routes.get(
        "/exports/{id}/file", right=Right.READ_CORRESPONDENCE, noun="export", download=CSV, refuses=[Conflict]
    )
    async def download_export(job_id: Id, actor: Acting) -> Response:
        """The file of your export: CSV or XLSX, as was asked for."""
        kind, pieces = await exchange.file(actor, job_id)
        return streamed(pieces, f"clients.{kind}", XLSX if kind == "xlsx" else CSV)
