"""Tables in forms and answers: a file, what its columns would be taken for, and files that stream out."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from hub.api.downloads import download_headers
from hub.api.forms import Form
from hub.api.uploads import Upload
from hub.contracts.interaction import Attachment
from hub.contracts.shown import View
from hub.kit.tables.columns import Preview

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Title = Annotated[str, Field(max_length=500)]
Charset = Annotated[
    str,
    Field(
        pattern="^(utf-8|utf-8-sig|utf-16|utf-16-le|utf-16-be|utf-32|cp125[0-8]|koi8-r|cp866|iso-8859-[15]|mac-cyrillic)?$"
    ),
]


class FileForm(Form):
    """A table: delimited text, XLSX or vCards."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"file": "att_4k2m"}]})
    file: Upload
    charset: Charset = Field(default="", description="Found out unless it is given", examples=["cp1251"])
    delimiter: str = Field(default="", max_length=1, description="Found out unless it is given", examples=[";"])


class ColumnView(View):
    """A column of a table."""

    title: str
    field: str = Field(description="What it would be taken for; empty: nothing", examples=["phone"])
    samples: tuple[str, ...]


class PreviewView(View):
    columns: list[ColumnView]
    kept: bool = Field(description="The fields are those of the last import with these titles")

    @classmethod
    def of(cls, found: Preview, *, kept: bool) -> "PreviewView":
        columns = zip(found.header, found.fields, found.samples, strict=True)
        return cls(columns=[ColumnView(title=t, field=f, samples=s) for t, f, s in columns], kept=kept)


def streamed(pieces: AsyncIterator[bytes], name: str, media_type: str) -> StreamingResponse:
    """A file to be kept under this name."""
    told = Attachment(id="", filename=name, content_type=media_type, size=0, state="ready")
    return StreamingResponse(pieces, media_type=media_type, headers=download_headers(told))
