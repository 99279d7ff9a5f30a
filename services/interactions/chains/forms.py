"""What is said to merge, split and move."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from services.interactions.chains.moves import MOST


class Merge(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "ch_4k2m"}]})
    into: Ref = Field(description="The chain that goes on")


class SplitOut(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": ["in_4k2m"]}]})
    ids: tuple[Ref, ...] = Field(min_length=1, max_length=MOST, description="Interactions of this chain")


class MoveTo(Form):
    """To a chain, or to a client, where it opens one of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"chain_id": "ch_4k2m"}, {"client_id": "cl_9x1z"}]})
    chain_id: Ref | None = None
    client_id: Ref | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.chain_id is None) == (self.client_id is None):
            raise ValueError("give chain_id or client_id, one of them")
        return self
