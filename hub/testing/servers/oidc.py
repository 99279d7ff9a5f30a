"""A real provider of OpenID Connect for tests: Authlib's own server side over a socket, in a thread.

It knows nothing of the hub's code. A test can bend what it says, as a hostile one would: see `Bends`.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from hub.testing.servers.process import HOST

CLIENT, SECRET = "hub", "секрет: %41+&="
KID = "first"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
Claims = dict[str, Any]


@dataclass
class Person:
    """Who is logged in at the provider's own page."""

    sub: str
    claims: Claims = field(default_factory=dict)

    def get_user_id(self) -> str:
        return self.sub


@dataclass
class Bends:
    """What it says instead of the truth."""

    described: Claims = field(default_factory=dict)
    id_token: Callable[[str, Claims], str] | None = None
    """Makes another one of the honest token and its claims."""
    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)
    """By path."""


@dataclass
class _Client:
    redirect_uri: str

    client_id = CLIENT

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class _Code:
    user: Person
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class OidcProvider:
    """Runs between `with` and its end, at `issuer`; whoever comes is `person`."""

    def __init__(self, redirect_uri: str) -> None:
        self.person = Person("248289761001", {"preferred_username": "anna", "name": "Анна Петрова"})
        self.bends = Bends()
        self.calls: list[str] = []
        """Paths that were asked for."""
        self.key = _key(KID)
        self.published = [self.key]
        self.codes: dict[str, _Code] = {}
        self._redirect_uri = redirect_uri
        self._server = make_server(HOST, 0, self._app(), threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def issuer(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def signed(self, claims: Claims, *, key: RSAKey | None = None, **header: Any) -> str:
        """A token of these claims."""
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, **header}, claims, key)

    def logout_token(self, **over: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": str(time.monotonic_ns()),
            "sub": self.person.sub, "events": {LOGOUT_EVENT: {}}, **over,
        }  # fmt: skip
        return self.signed({name: value for name, value in claims.items() if value is not None}, typ="logout+jwt")

    def _app(self) -> Flask:
        app = Flask("provider")
        client = _Client(self._redirect_uri)
        server = AuthorizationServer(
            app, query_client=lambda name: client if name == CLIENT else None, save_token=lambda *_: None
        )
        grant = _grant(self)
        server.register_grant(grant, [_IdTokens(self), CodeChallenge(required=True)])
        app.before_request(self._noted)

        @app.get("/.well-known/openid-configuration")
        def described() -> Response:
            return jsonify({**self._described(), **self.bends.described})

        @app.get("/jwks")
        def jwks() -> Response:
            return jsonify({"keys": [key.as_dict(private=False) for key in self.published]})

        @app.get("/authorize")
        def authorize() -> Response:
            chosen = server.get_consent_grant(end_user=self.person)
            made: Response = server.create_authorization_response(grant_user=self.person, grant=chosen)
            return made

        @app.post("/token")
        def token() -> Response:
            made: Response = server.create_token_response()
            return made

        return app

    def _noted(self) -> Response | None:
        self.calls.append(request.path)
        bent = self.bends.answers.get(request.path)
        return bent() if bent else None

    def _described(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }


class _IdTokens(OpenIDCode):  # type: ignore[misc,unused-ignore]
    def __init__(self, provider: OidcProvider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, _: Any) -> bool:
        return any(code.nonce == nonce for code in self._provider.codes.values())

    def resolve_client_private_key(self, _: Any) -> RSAKey:
        return self._provider.key

    def get_client_algorithm(self, _: Any) -> str:
        return "RS256"

    def get_client_claims(self, _: Any) -> Claims:
        now = int(time.time())
        return {"iss": self._provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}

    def generate_user_info(self, user: Person, _: str) -> UserInfo:
        return UserInfo(sub=user.sub, **user.claims)

    def encode_id_token(self, token: Claims, asked: Any) -> str:
        honest: str = super().encode_id_token(token, asked)
        bend = self._provider.bends.id_token
        return bend(honest, jwt.decode(honest, self._provider.key).claims) if bend else honest

    def get_encode_header(self, _: Any) -> Claims:
        return {"alg": "RS256", "kid": self._provider.key.kid}


def _grant(provider: OidcProvider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc,unused-ignore]
        def save_authorization_code(self, code: str, asked: Any) -> None:
            told = asked.payload.data
            provider.codes[code] = _Code(
                asked.user, asked.payload.redirect_uri, asked.payload.scope, told.get("nonce"),
                told["code_challenge"], told["code_challenge_method"],
            )  # fmt: skip

        def query_authorization_code(self, code: str, _: Any) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, code: _Code) -> None:
            provider.codes = {text: each for text, each in provider.codes.items() if each is not code}

        def authenticate_user(self, code: _Code) -> Person:
            return code.user

    return Grant


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
