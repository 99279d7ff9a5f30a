"""The Kubernetes manifests agree with the settings, the services, their ports and health, and with each other."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from hub.api.operation import PAGES
from hub.bus.kafka_topics import Copies
from hub.kit.settings import Source
from hub.process import SERVICES
from hub.settings import BusSettings, StoreSettings, own_port
from hub.settings_page import every_settings, variable
from services.gateway.settings import Settings as GatewaySettings

ROOT = Path(__file__).parents[1]
K8S = ROOT / "deploy" / "k8s"
PART = {"app.kubernetes.io/part-of": "omnihub"}
VERSIONS = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Ingress": "networking.k8s.io/v1",
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Namespace": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "Secret": "v1",
    "Service": "v1",
}


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((K8S / name).read_text(encoding="utf-8")))


EVERY = [(file.name, found) for file in sorted(K8S.glob("*.yaml")) for found in manifests(file.name)]
SETTINGS: dict[str, str] = manifests("settings.yaml")[0]["data"]
SECRETS = {found["metadata"]["name"]: found["stringData"] for found in manifests("secret.example.yaml")}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for _, found in EVERY if found["kind"] == kind}


def pod(service: str) -> dict[str, Any]:
    spec: dict[str, Any] = of_kind("Deployment")[service]["spec"]["template"]["spec"]
    return spec


def container(service: str) -> dict[str, Any]:
    (only,) = pod(service)["containers"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize(("file", "found"), EVERY, ids=lambda value: value if isinstance(value, str) else "")
def test_a_manifest_is_of_a_kind_and_version_that_there_is(file: str, found: dict[str, Any]) -> None:
    assert VERSIONS[found["kind"]] == found["apiVersion"], file


def test_no_two_manifests_of_a_kind_have_one_name() -> None:
    names = [(found["kind"], found.get("metadata", {}).get("name")) for _, found in EVERY]
    assert len(names) == len(set(names))


def test_files_that_are_there_are_applied_and_the_pattern_of_secrets_is_not() -> None:
    listed = set(manifests("kustomization.yaml")[0]["resources"])
    there = {path.name for path in K8S.glob("*.yaml")}
    assert there - listed == {"kustomization.yaml", "secret.example.yaml"}
    assert listed <= there


def test_every_service_is_deployed_and_nothing_else() -> None:
    for kind in ("Deployment", "Service", "PodDisruptionBudget"):
        assert set(of_kind(kind)) == set(SERVICES), kind


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_probed_and_scraped_at_its_own_port(service: str) -> None:
    only, port = container(service), own_port(service)
    assert only["args"] == ["serve", service]
    assert only["ports"] == [{"name": "http", "containerPort": port}]
    assert only["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert only["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    door = of_kind("Service")[service]["spec"]
    assert door["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]
    scraped = of_kind("Deployment")[service]["spec"]["template"]["metadata"]["annotations"]
    assert (scraped["prometheus.io/port"], scraped["prometheus.io/path"]) == (str(port), "/metrics")


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_selects_a_service_selects_its_pods(service: str) -> None:
    deployment = of_kind("Deployment")[service]["spec"]
    name = {"app.kubernetes.io/name": service}
    assert deployment["template"]["metadata"]["labels"] == name | PART
    assert deployment["selector"]["matchLabels"] == name
    assert of_kind("Service")[service]["spec"]["selector"] == name
    assert of_kind("PodDisruptionBudget")[service]["spec"]["selector"]["matchLabels"] == name
    assert of_kind("NetworkPolicy")[service]["spec"]["podSelector"]["matchLabels"] == name
    (spread,) = pod(service)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == name


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_goes_on_while_a_node_is_drained_and_while_a_version_is_rolled_out(service: str) -> None:
    deployment = of_kind("Deployment")[service]["spec"]
    assert of_kind("PodDisruptionBudget")[service]["spec"]["minAvailable"] < deployment["replicas"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_as_nobody_special_on_a_file_system_that_it_cannot_write(service: str) -> None:
    of_pod, only = pod(service), container(service)
    assert of_pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert of_pod["automountServiceAccountToken"] is False
    assert {"cpu", "memory"} <= set(only["resources"]["requests"])
    assert "memory" in only["resources"]["limits"]
    # What it does write, and the image's user may.
    assert {"/data", "/tmp"} <= {mount["mountPath"] for mount in only["volumeMounts"]}
    assert "--uid 10001" in (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_mounts_and_reads_is_there(service: str) -> None:
    volumes = {volume["name"]: volume for volume in pod(service)["volumes"]}
    assert {mount["name"] for mount in container(service)["volumeMounts"]} == set(volumes)
    wanted = {volume["secret"]["secretName"] for volume in volumes.values() if "secret" in volume}
    assert wanted | {"omnihub"} == set(SECRETS)
    sources = container(service)["envFrom"]
    assert sources == [{"configMapRef": {"name": "omnihub"}}, {"secretRef": {"name": "omnihub"}}]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(service)["volumeMounts"]}
    for file in (SETTINGS["OMNIHUB_BUS__CA_FILE"], SETTINGS["OMNIHUB_STORE__CA_FILE"]):
        folder, _, name = file.rpartition("/")
        assert folder == mounts["trusted"]
        assert name in SECRETS["omnihub-trusted"]
    assert Path(mounts["key"]) == Path(SETTINGS["OMNIHUB_HUB__DATA"]) / "secret.key"


def test_every_variable_is_a_setting_and_every_value_one_that_it_takes() -> None:
    given = SETTINGS | SECRETS["omnihub"]
    classes = every_settings()
    known = {variable(one.SECTION, name) for one in classes for name in one.model_fields} | {"OMNIHUB_ADMIN_PASSWORD"}
    assert {name for name in given if name.startswith("OMNIHUB_")} - known == set(), (
        "no setting reads these variables"
    )
    for one in classes:
        one.load(Source(environ=given))


def test_what_is_secret_stands_in_the_secret_alone() -> None:
    secret = {
        variable(one.SECTION, name)
        for one in every_settings()
        for name, field in one.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert secret & set(SETTINGS) == set()
    assert {"OMNIHUB_PEERS__TOKEN", "OMNIHUB_BUS__PASSWORD", "OMNIHUB_STORE__MONGO"} <= set(SECRETS["omnihub"])


def test_the_services_find_each_other() -> None:
    for service in set(SERVICES) - {"gateway"}:
        assert SETTINGS[variable("peers", service)] == f"http://{service}:{own_port(service)}"


def test_three_brokers_keep_each_topic_and_two_have_a_record_before_it_counts() -> None:
    source = Source(environ=SETTINGS | SECRETS["omnihub"])
    bus = BusSettings.load(source)
    assert Copies(bus.replication, bus.min_insync) == Copies(3, 2)
    assert (bus.tls, bus.sasl) == (True, "SCRAM-SHA-512")
    assert StoreSettings.load(source).tls is True


def test_the_doors_lead_to_the_gateway_by_the_hosts_that_the_settings_name() -> None:
    hosts = {}
    for name, door in of_kind("Ingress").items():
        (rule,), (tls,) = door["spec"]["rules"], door["spec"]["tls"]
        assert tls["hosts"] == [rule["host"]]
        backends = [path["backend"]["service"] for path in rule["http"]["paths"]]
        assert {(one["name"], one["port"]["name"]) for one in backends} == {("gateway", "http")}
        hosts[rule["host"]] = (name, [path["path"] for path in rule["http"]["paths"]])
    assert hosts[host_in("gateway")] == ("employees", ["/"])
    for section in ("messaging", "telephony", "campaigns"):
        assert hosts[host_in(section)] == ("outside", ["/hooks", PAGES])


def host_in(section: str) -> str:
    url = urlsplit(SETTINGS[variable(section, "public_url")])
    assert (url.scheme, url.path) == ("https", "")
    return url.hostname or ""


def test_the_employees_door_lets_a_whole_attachment_through() -> None:
    annotations = of_kind("Ingress")["employees"]["metadata"]["annotations"]
    size = int(annotations["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m")) * 2**20
    assert size > GatewaySettings.load(Source(environ=SETTINGS)).attachment_limit


def test_nothing_comes_in_but_by_a_services_port_and_from_outside_only_to_the_gateway() -> None:
    policies = of_kind("NetworkPolicy")
    nobody = policies.pop("nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    out = policies.pop("out")["spec"]
    assert (out["podSelector"]["matchLabels"], out["policyTypes"]) == (PART, ["Egress"])
    assert set(policies) == set(SERVICES)
    for service, policy in policies.items():
        (rule,) = policy["spec"]["ingress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": own_port(service)}]
        spaces = {
            one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for one in rule["from"]
            if "namespaceSelector" in one
        }
        assert spaces == {"monitoring"} | ({"ingress-nginx"} if service == "gateway" else set())
        assert {"podSelector": {"matchLabels": PART}} in rule["from"]


def test_what_the_hub_stands_on_can_be_reached() -> None:
    rules = of_kind("NetworkPolicy")["out"]["spec"]["egress"]
    spaces = next(one["to"][0]["namespaceSelector"] for one in rules if "matchExpressions" in str(one))
    (expression,) = spaces["matchExpressions"]
    kafka = SETTINGS["OMNIHUB_BUS__KAFKA"].split(":")[0].split(".")
    mongo = (urlsplit(SECRETS["omnihub"]["OMNIHUB_STORE__MONGO"]).hostname or "").split(".")
    assert {kafka[1], mongo[1]} <= set(expression["values"])
    assert (kafka[2], mongo[2]) == ("svc", "svc")
