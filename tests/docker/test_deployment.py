"""Several machines, services and monitoring: the files, read by who is to understand them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scheduler.metrics.daemon import Metrics

DOCKER = Path(__file__).parents[2] / "docker"
UNITS = sorted((DOCKER / "systemd").iterdir())
MANIFESTS = [
    manifest for manifest in yaml.safe_load_all((DOCKER / "kubernetes" / "wirewatch.yaml").read_text()) if manifest
]
HARDENING = (
    "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "PrivateDevices=yes", "CapabilityBoundingSet=",
    "SystemCallFilter=@system-service", "DynamicUser=yes", "UMask=0077",
)  # fmt: skip
MOST_EXPOSED = 2.0  # of 10, by systemd-analyze; what talks to the network has 1.4


def metric_names() -> set[str]:
    """Return every name that ``/metrics`` may show, those of a histogram's series too."""
    found = set()
    for family in Metrics(lambda: datetime(2026, 3, 10, tzinfo=UTC)).registry.collect():
        ending = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        found |= {family.name + suffix for suffix in ending}
    return found


def expressions() -> list[str]:
    """Return what the alert rules and the dashboard ask Prometheus."""
    rules = yaml.safe_load((DOCKER / "monitoring" / "alerts.yaml").read_text())
    dashboard = json.loads((DOCKER / "monitoring" / "grafana.json").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return asked + [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("name", ["compose.yaml", "compose.several.yaml"])
def test_a_compose_file_is_what_the_specification_has(name: str) -> None:
    compose_spec = pytest.importorskip("compose_spec", reason="the specification's reader is a tool of development")
    merged = yaml.safe_dump(yaml.safe_load((DOCKER / name).read_text()))  # it does not read YAML's "<<"
    found = compose_spec.PyCompose.from_yaml(merged)
    found.validate()
    assert found.service_names
    with pytest.raises(ValueError, match="read_only"):
        compose_spec.PyCompose.from_yaml(merged.replace("read_only: true", "read_only: maybe"))


@pytest.mark.parametrize("expression", expressions())
def test_each_expression_is_one_of_prometheus(expression: str) -> None:
    promql_parser = pytest.importorskip("promql_parser", reason="Prometheus' grammar is a tool of development")
    plain = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")  # Grafana's own
    promql_parser.parse(plain)
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse(plain + " by (")


@pytest.mark.parametrize("expression", expressions())
def test_each_metric_that_is_asked_for_exists(expression: str) -> None:
    named = set(re.findall(r"wirewatch_\w+", expression))
    assert named
    assert named <= metric_names()


def test_each_state_of_a_source_that_alerts_exists() -> None:
    from typing import get_args

    from stories.model.source_health import State

    named = {
        part for text in expressions() for found in re.findall(r'state=~"([\w|]+)"', text) for part in found.split("|")
    }
    assert named
    assert named <= set(get_args(State))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened_and_systemd_reads_it(unit: Path, tmp_path: Path) -> None:
    lines = unit.read_text().splitlines()
    assert not [line for line in HARDENING if line not in lines]
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("this machine has no systemd-analyze")
    ours = tmp_path / unit.name.replace("@", "@1")
    ours.write_text(unit.read_text().replace("/opt/wirewatch/bin/wirewatch", "/bin/true"))
    said = subprocess.run([tool, "verify", str(ours)], capture_output=True, text=True, timeout=120, check=False)
    assert not [line for line in said.stderr.splitlines() if unit.stem.partition("@")[0] in line], said.stderr
    rated = subprocess.run(
        [tool, "security", "--offline=true", str(ours)], capture_output=True, text=True, timeout=120, check=False
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated.stdout)
    assert found is None or float(found[1]) <= MOST_EXPOSED


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda manifest: f"{manifest['kind']} {manifest['metadata']['name']}"
)
def test_a_manifest_is_what_kubernetes_takes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.30", strict=True)


def test_pods_run_without_rights() -> None:
    for manifest in MANIFESTS:
        if manifest["kind"] == "Deployment":
            pod = manifest["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            (container,) = pod["containers"]
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_several_machines_share_one_redis_and_none_is_open_to_the_network() -> None:
    services = yaml.safe_load((DOCKER / "compose.several.yaml").read_text())["services"]
    single = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert services["redis"]["command"] == single["redis"]["command"]
    assert {name: service["command"] for name, service in services.items() if name != "redis"} == {
        "clock": ["run", "--standby"],
        "standby": ["run", "--standby"],
        "worker": ["worker"],
    }
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        if name != "redis":
            assert service["environment"] == single["wirewatch"]["environment"]
