"""Every query about templates. A version is a document of its own, and never changed; what it says is a blob."""

import orjson

from hub.kit.blobs import Blobs
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Store

TEMPLATES = CollectionSpec("templates", (Index("removed", "at"),))
VERSIONS = CollectionSpec("template_versions", (Index("template", "number"),))


class TemplateRepository:
    """Templates and their versions."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.templates = store.collection(TEMPLATES)
        self._versions = store.collection(VERSIONS)
        self._blobs = blobs

    async def add(self, template: Document, version: Document, built: Document) -> bool:
        """The version first: a template never names one that is not there."""
        await self.add_version(version, built)
        return await self.templates.insert(template)

    async def add_version(self, version: Document, built: Document) -> bool:
        """False: there is one of this number."""
        await self._blobs.put(version["blob"], orjson.dumps(built))
        return await self._versions.insert(version)

    async def amend(self, template_id: str, change: Change) -> Document | None:
        return await amend(self.templates, template_id, change)

    async def versions(self, template_id: str, *, limit: int) -> list[Document]:
        page = await self._versions.find({"template": template_id}, order="number", descending=True, limit=limit)
        return page.items

    async def version(self, template_id: str, number: int) -> Document | None:
        return await self._versions.get(version_id(template_id, number))

    async def built(self, version: Document) -> Document:
        """By language what was written (`written`) and what was made of it (`built`). Raises NotFound."""
        found: Document = orjson.loads(await self._blobs.get(version["blob"]))
        return found


def version_id(template_id: str, number: int) -> str:
    return f"{template_id}-{number}"


def version_document(template_id: str, number: int, **more: object) -> Document:
    doc_id = version_id(template_id, number)
    return {"_id": doc_id, "template": template_id, "number": number, "blob": f"templates/{doc_id}", **more}
