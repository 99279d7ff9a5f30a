"""Settings that only make sense together, and what is said where they do not; where each service listens."""

from pathlib import Path

import pytest

from hub.kit.errors import ConfigurationError
from hub.kit.settings import Source
from hub.process import peer_token
from hub.settings import BusSettings, StoreSettings, own_port


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"MIN_INSYNC": "2"}, "[bus]: min_insync is larger than replication: no record could ever be written"),
        ({"CA_FILE": "ca.pem"}, "[bus]: ca_file and certificate are for TLS; set tls, too"),
        ({"TLS": "true", "CERTIFICATE_KEY": "key.pem"}, "[bus]: certificate_key takes certificate beside it"),
        ({"SASL": "PLAIN"}, "[bus]: sasl, user and password go together: set all of them, or none"),
        (
            {"USER": "hub", "PASSWORD": "secret"},
            "[bus]: sasl, user and password go together: set all of them, or none",
        ),
        ({"SASL": "PLAIN", "USER": "hub"}, "[bus]: sasl, user and password go together: set all of them, or none"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_fix(given: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        BusSettings.load(Source(environ={f"OMNIHUB_BUS__{name}": value for name, value in given.items()}))
    assert str(refused.value) == f"settings: {words}"
    assert "secret" not in str(refused.value)


def test_a_certificate_for_mongodb_takes_tls() -> None:
    with pytest.raises(ConfigurationError, match=r"\[store\]: ca_file and certificate are for TLS; set tls, too"):
        StoreSettings.load(Source(environ={"OMNIHUB_STORE__CA_FILE": "ca.pem"}))


def test_a_login_at_kafka_is_taken_whole_and_its_password_is_not_shown() -> None:
    names = {"SASL": "SCRAM-SHA-512", "USER": "hub", "PASSWORD": "secret", "TLS": "yes"}
    bus = BusSettings.load(Source(environ={f"OMNIHUB_BUS__{name}": value for name, value in names.items()}))
    assert (bus.sasl, bus.user, bus.tls) == ("SCRAM-SHA-512", "hub", True)
    assert "secret" not in repr(bus)


@pytest.mark.parametrize(
    ("service", "url", "port"),
    [
        ("gateway", "", 8800),
        ("email", "", 8802),
        ("pigeons", "http://127.0.0.1:8806", 8806),
        ("pigeons", "", 8800),
    ],
)
def test_a_service_listens_where_the_others_look_for_it(service: str, url: str, port: int) -> None:
    assert own_port(service, url) == port


def test_the_token_is_that_of_the_settings_else_that_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="give all services the same OMNIHUB_PEERS__TOKEN"):
        peer_token(Source(environ={}))
    file = {"OMNIHUB_PEERS__TOKEN_FILE": str(tmp_path / "token")}
    made = peer_token(Source(environ=file))
    assert peer_token(Source(environ=file)) == made == (tmp_path / "token").read_text()
    assert peer_token(Source(environ={**file, "OMNIHUB_PEERS__TOKEN": "ours"})) == "ours"
