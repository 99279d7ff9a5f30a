"""Compose, the image and the manifests agree with the settings, the services, their ports and their health."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from hub.channels.simulators.run import SERVERS as SIMULATORS
from hub.cli import REFUSED, parser
from hub.kit.settings import Source
from hub.process import SERVICES
from hub.settings import PeerSettings, own_port
from hub.settings_page import every_settings, variable

ROOT = Path(__file__).parents[1]
PLAIN_VARIABLES = {"OMNIHUB_ADMIN_PASSWORD"}
"""Those that stand outside the sections."""
SECTIONS = {settings.SECTION: settings for settings in every_settings()}
PEERS = tuple(name for name in PeerSettings.model_fields if not name.startswith("token"))


def assert_real(names: set[str]) -> None:
    known = {variable(section, name) for section, found in SECTIONS.items() for name in found.model_fields}
    ours = {name for name in names if name.startswith("OMNIHUB_")}
    assert ours - known - PLAIN_VARIABLES == set(), "no setting reads these variables"


def assert_set_right(environment: dict[str, str]) -> None:
    """Every variable is a setting's, every value is one that it takes, and the services find each other."""
    assert_real(set(environment))
    source = Source(environ=environment)
    loaded = {section: settings.load(source) for section, settings in SECTIONS.items()}
    peers = {name: getattr(loaded["peers"], name) for name in PEERS}
    assert peers == {name: f"http://{name}:{own_port(name)}" for name in PEERS}
    assert loaded["peers"].token.get_secret_value() or loaded["peers"].token_file
    assert not urlsplit(f"kafka://{loaded['bus'].kafka}").hostname.startswith("127.")
    assert not urlsplit(loaded["store"].mongo).hostname.startswith("127.")


def test_every_service_has_a_port_of_its_own() -> None:
    ports = {name: own_port(name) for name in SERVICES}
    assert ports == {
        "gateway": 8800,
        "interactions": 8801,
        "email": 8802,
        "messaging": 8803,
        "telephony": 8804,
        "campaigns": 8805,
    }
    assert set(PEERS) == set(SERVICES) - {"gateway"}


def filled_in(found: Any, environ: dict[str, str]) -> Any:
    """As compose does it with `${NAME:-default}`, `${NAME:?message}` and `${NAME}`."""
    if isinstance(found, dict):
        return {key: filled_in(value, environ) for key, value in found.items()}
    if isinstance(found, list):
        return [filled_in(value, environ) for value in found]
    if not isinstance(found, str):
        return found
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda name: environ.get(name[1]) or name[2] or "", found)


COMPOSE = filled_in(yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8")), {})
CONTAINERS = COMPOSE["services"]


def environment_of(container: str) -> dict[str, str]:
    """Without a file of the administrator's own."""
    given: dict[str, str] = {}
    for file in CONTAINERS[container]["env_file"]:
        path = ROOT / file["path"]
        assert path.exists() or file.get("required") is False
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        given |= dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given.keys() & CONTAINERS[container].get("environment", {}).keys() == set(), "what no file can change"
    return given


@pytest.mark.parametrize("container", CONTAINERS)
def test_compose_checks_the_health_of_every_container(container: str) -> None:
    assert CONTAINERS[container]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("container", CONTAINERS)
def test_compose_pins_every_image(container: str) -> None:
    image = CONTAINERS[container]["image"]
    assert image == "omnihub:local" or re.search(r":v?\d+\.\d+(\.\d+)?$", image), image


def test_compose_runs_every_service_from_one_image() -> None:
    ours = {name: spec for name, spec in CONTAINERS.items() if spec["image"] == "omnihub:local"}
    commands = {name: spec["command"] for name, spec in ours.items() if name != "demo"}
    assert commands == {name: ["serve", name] for name in SERVICES}
    assert {spec["build"]["dockerfile"] for spec in ours.values()} == {"deploy/Dockerfile"}


@pytest.mark.parametrize("service", [*SERVICES, "demo"])
def test_compose_sets_a_service_right_where_nothing_is_set(service: str) -> None:
    assert_set_right(environment_of(service))


def test_compose_lets_the_administrator_set_everything_in_a_file_that_need_not_be_there() -> None:
    for service in (*SERVICES, "demo"):
        assert CONTAINERS[service]["env_file"][-1] == {"path": "omnihub.env", "required": False}


def test_compose_makes_no_more_copies_of_a_topic_than_there_are_brokers() -> None:
    environment = environment_of("interactions")
    bus = SECTIONS["bus"].load(Source(environ=environment)).model_dump()
    brokers = [name for name, spec in CONTAINERS.items() if spec["image"].startswith("apache/kafka:")]
    assert (bus["replication"], bus["min_insync"]) == (len(brokers), 1)
    assert bus["kafka"] == ",".join(f"{name}:9092" for name in brokers)
    kafka = CONTAINERS["kafka"]["environment"]
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{bus['kafka']}"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false", "the hub makes its topics, as they are declared"


def test_composes_demo_is_reached_by_its_name_on_a_network_that_accounts_may_name() -> None:
    demo = CONTAINERS["demo"]
    assert demo["profiles"] == ["demo"]
    options = parser().parse_args(demo["command"])
    assert (options.listen, options.name, options.first_port) == ("0.0.0.0", "demo", 2500)
    (network,) = demo["networks"]
    (subnet,) = COMPOSE["networks"][network]["ipam"]["config"]
    allowed = SECTIONS["hub"].load(Source(environ=environment_of("demo"))).model_dump()["allowed_networks"]
    assert allowed == (subnet["subnet"],)
    assert {name for name, spec in CONTAINERS.items() if network in spec.get("networks", [])} == {*SERVICES, "demo"}
    for port in demo["ports"]:
        machine, of_the_machine, inside = port.split(":")
        assert (machine, of_the_machine) == ("127.0.0.1", inside)
        assert int(inside) in range(options.first_port, options.first_port + SIMULATORS)


def test_composes_demo_posts_where_the_gateway_listens() -> None:
    environment = environment_of("demo")
    for section in ("messaging", "telephony"):
        assert environment[variable(section, "public_url")] == f"http://gateway:{own_port('gateway')}"


@pytest.mark.parametrize("container", [*SERVICES, "demo"])
def test_the_commands_by_which_health_is_asked_are_programs_that_run(container: str) -> None:
    _, python, option, code = CONTAINERS[container]["healthcheck"]["test"]
    assert (python, option) == ("python", "-c")
    compile(code, container, "exec")


@pytest.mark.parametrize("service", SERVICES)
def test_compose_asks_a_service_for_its_health_at_its_own_port(service: str) -> None:
    asked = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", " ".join(CONTAINERS[service]["healthcheck"]["test"]))
    assert asked == [(str(own_port(service)), "/healthz")]


def test_compose_shows_the_gateway_alone_and_no_port_of_the_machine_twice() -> None:
    shown = {name: spec["ports"] for name, spec in CONTAINERS.items() if "ports" in spec and name in SERVICES}
    assert shown == {"gateway": [f"127.0.0.1:{own_port('gateway')}:{own_port('gateway')}"]}
    of_the_machine = [port.split(":")[1] for spec in CONTAINERS.values() for port in spec.get("ports", [])]
    assert len(of_the_machine) == len(set(of_the_machine))


def test_compose_starts_a_service_after_what_it_needs_is_healthy() -> None:
    for service in SERVICES:
        needs = CONTAINERS[service]["depends_on"]
        assert "demo" not in needs, "it is there only where it was asked for"
        assert {"kafka", "mongo"} <= set(needs) <= set(CONTAINERS)
        assert {need["condition"] for need in needs.values()} == {"service_healthy"}


def test_compose_declares_the_volumes_it_mounts() -> None:
    mounts = {mount.split(":")[0] for spec in CONTAINERS.values() for mount in spec.get("volumes", [])}
    assert mounts == set(COMPOSE["volumes"])


DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_is_pinned_and_runs_as_nobody_special_with_a_health_check() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.12-slim"}
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^HEALTHCHECK .*", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] != "root"


def test_the_image_sets_real_variables_and_copies_what_is_there() -> None:
    assert_real(set(re.findall(r"\b(OMNIHUB_\w+)", DOCKERFILE)))
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert [path for path in copied if not (ROOT / path).exists()] == []
    ignored_but = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert [path for path in copied if f"!{path}\n" not in ignored_but] == []


UNITS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "systemd").glob("*.service")}


def test_the_units_start_the_hub_and_each_service_as_commands_that_there_are() -> None:
    started = {name: re.findall(r"^ExecStart=/opt/omnihub/\.venv/bin/omnihub (.+)$", unit, re.MULTILINE)
               for name, unit in UNITS.items()}  # fmt: skip
    (whole,), (one,) = started["omnihub.service"], started["omnihub@.service"]
    assert parser().parse_args(whole.split()).data == Path("/var/lib/omnihub")
    for service in SERVICES:
        options = parser().parse_args(one.replace("%i", service).split())
        assert (options.service, options.data) == (service, Path("/var/lib/omnihub"))


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_does_not_start_again_what_was_refused_and_runs_as_nobody_special(unit: str) -> None:
    lines = UNITS[unit].splitlines()
    assert {"User=omnihub", "StateDirectory=omnihub", "StateDirectoryMode=0700", "ProtectSystem=strict"} <= set(lines)
    assert f"RestartPreventExitStatus={REFUSED}" in lines
    assert "EnvironmentFile=-/etc/omnihub/omnihub.env" in lines
    assert_real(set(re.findall(r"\b(OMNIHUB_\w+)", UNITS[unit])))


DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_the_page_of_deployment_names_settings_files_and_commands_that_there_are() -> None:
    known = {f"[{section}] {name}" for section, found in SECTIONS.items() for name in found.model_fields}
    assert set(re.findall(r"`(\[\w+\] \w+)`", DEPLOY)) - known == set()
    assert_real(set(re.findall(r"\b(OMNIHUB_\w+)", DEPLOY)))
    files = set(re.findall(r"\bdeploy/[\w./@-]*\w|\bcompose\.yaml", DEPLOY))
    assert [file for file in files if not (ROOT / file).exists()] == []
    for line in re.findall(r"^omnihub (.+)$", DEPLOY, re.MULTILINE):
        parser().parse_args(line.split())
    told = {name: int(port) for name, port in re.findall(r"\b(\w+)\s(88\d\d)\b", DEPLOY) if name in SERVICES}
    assert told == {name: own_port(name) for name in SERVICES}
