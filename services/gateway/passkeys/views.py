"""Passkeys over HTTP. Credentials are as `PublicKeyCredential.toJSON()` gives them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form, View
from services.gateway.passkeys.models import Passkey

_SAMPLE = "q83vEjRWeJA"


def _text(longest: int) -> Any:
    pattern = f"^[A-Za-z0-9_-]{{1,{longest}}}={{0,2}}$"
    return Field(pattern=pattern, examples=[_SAMPLE], description="In base 64 for URLs")


_Id = Annotated[str, _text(1_400)]
_Client = Annotated[str, _text(4_000)]
_Data = Annotated[str, _text(16_000)]


class _Told(BaseModel):
    """What browsers add to it later is no error, and is not read."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    def told(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, exclude_none=True)


class MadeResponse(_Told):
    client_data: _Client = Field(alias="clientDataJSON")
    attestation: _Data = Field(alias="attestationObject")


class SignedResponse(_Told):
    client_data: _Client = Field(alias="clientDataJSON")
    authenticator_data: _Data = Field(alias="authenticatorData")
    signature: Annotated[str, _text(2_000)]
    user_handle: Annotated[str, _text(100)] | None = Field(default=None, alias="userHandle")


class MadeCredential(_Told):
    """From `navigator.credentials.create`."""

    id: _Id
    raw_id: _Id = Field(alias="rawId")
    type: Literal["public-key"]
    response: MadeResponse


class SignedCredential(_Told):
    """From `navigator.credentials.get`."""

    id: _Id
    raw_id: _Id = Field(alias="rawId")
    type: Literal["public-key"]
    response: SignedResponse


CeremonyText = Annotated[str, Field(min_length=1, max_length=2_000, description="As the beginning gave it")]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Anna's phone"])]


_SHOWN: JsonDict = {
    "ceremony": "gAAAAAB…",
    "credential": {
        "id": _SAMPLE,
        "rawId": _SAMPLE,
        "type": "public-key",
        "response": {"clientDataJSON": _SAMPLE, "authenticatorData": _SAMPLE, "signature": _SAMPLE},
    },
}
_MADE: JsonDict = {
    "ceremony": "gAAAAAB…",
    "name": "Anna's phone",
    "credential": {
        "id": _SAMPLE,
        "rawId": _SAMPLE,
        "type": "public-key",
        "response": {"clientDataJSON": _SAMPLE, "attestationObject": _SAMPLE},
    },
}


class Shown(Form):
    """A passkey that was shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})
    ceremony: CeremonyText
    credential: SignedCredential


class Proof(Form):
    """That it is still I: my password, or a passkey shown just now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct-horse-7"}]})
    password: str | None = Field(default=None, min_length=1, max_length=1000)
    passkey: Shown | None = Field(default=None, description="Begun by POST /api/v1/me/passkeys/proof")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.password is None) is (self.passkey is None):
            raise ValueError("give `password`, or `passkey`, and not both")
        return self


class LoginBegins(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"login": "anna"}]})
    login: str = Field(default="", max_length=63, description="Nobody else's passkey will do then")


class NewPasskey(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [_MADE]})
    ceremony: CeremonyText
    credential: MadeCredential
    name: Name


class Renamed(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Key at the office"}]})
    name: Name


class CeremonyBegun(View):
    """Give `options` to the browser, and `ceremony` back beside what it answers, within 5 minutes, once."""

    ceremony: str
    options: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseCreationOptionsFromJSON`, or `parseRequestOptionsFromJSON`"
    )


class PasskeyView(View):
    id: str
    name: str
    created_at: datetime
    used_at: datetime | None = Field(description="Last login with it")
    synced: bool = Field(description="Its maker keeps copies, as in an account of a phone's vendor")

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        return cls(
            id=passkey.id,
            name=passkey.name,
            created_at=passkey.created_at,
            used_at=passkey.used_at,
            synced=passkey.synced,
        )


class PasskeyList(View):
    items: list[PasskeyView]


class PasskeyAdded(View):
    passkey: PasskeyView
    recovery_codes: tuple[str, ...] = Field(description="Told once, with my first factor; else empty")
