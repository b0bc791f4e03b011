"""Install, upgrade and drain with the manifests, by the controllers' documented rules: each comes to its end."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster, within

MANIFESTS = list(
    yaml.safe_load_all((Path(__file__).parents[2] / "docker" / "kubernetes" / "wirewatch.yaml").read_text())
)
STEPS = 60


def manifest(kind: str, name: str = "wirewatch") -> dict[str, Any]:
    (found,) = [
        candidate
        for candidate in MANIFESTS
        if candidate and (candidate["kind"], candidate["metadata"]["name"]) == (kind, name)
    ]
    return copy.deepcopy(found)


def rehearse(deployment: dict[str, Any], budget: dict[str, Any]) -> dict[str, bool]:
    """Install, upgrade, and drain each of two nodes in turn; which of them came to its end."""
    came: dict[str, bool] = {}
    cluster = Cluster(deployment, budget)
    came["install"] = within(STEPS, cluster, cluster.is_complete)
    cluster.version = 2
    came["upgrade"] = within(STEPS, cluster, cluster.is_complete)
    for node in cluster.nodes:
        came[f"drain {node}"] = within(STEPS, cluster, cluster.drain(node))
        cluster.cordoned.clear()
        came[f"whole after {node}"] = within(STEPS, cluster, cluster.is_complete)
    return came


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_install_upgrade_and_drains_come_to_their_end(replicas):
    deployment = manifest("Deployment")
    deployment["spec"]["replicas"] = replicas
    assert set(rehearse(deployment, manifest("PodDisruptionBudget")).values()) == {True}


def test_two_versions_never_run_at_the_same_time():
    cluster = Cluster(manifest("Deployment"), manifest("PodDisruptionBudget"))
    assert within(STEPS, cluster, cluster.is_complete)
    cluster.version = 2
    for _ in range(STEPS):
        cluster.step()
        assert len({pod.version for pod in cluster.pods}) <= 1
    assert cluster.is_complete()


def test_a_drain_leaves_one_pod_that_answers_at_every_moment():
    cluster = Cluster(manifest("Deployment"), manifest("PodDisruptionBudget"))
    assert within(STEPS, cluster, cluster.is_complete)
    for node in cluster.nodes:
        go_on = cluster.drain(node)
        for _ in range(STEPS):
            cluster.step()
            go_on()
            assert cluster.available() >= 1
        cluster.cordoned.clear()


ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}


@pytest.mark.parametrize(
    ("strategy", "budget"),
    [
        (None, {"minAvailable": 1}),
        (ROLLING, {"maxUnavailable": 1}),
        ({"type": "Recreate"}, {"minAvailable": 1}),
    ],
)
def test_the_rehearsal_sees_that_all_hangs_where_a_standby_is_not_ready(strategy, budget):
    deployment, pods = manifest("Deployment"), manifest("PodDisruptionBudget")
    deployment["spec"].pop("strategy")
    if strategy is not None:
        deployment["spec"]["strategy"] = strategy
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    container["readinessProbe"]["httpGet"]["path"] = "/readyz"
    pods["spec"] = budget
    came = rehearse(deployment, pods)
    assert {step for step, done in came.items() if not done} >= {"install", "upgrade", "drain a"}


def test_a_single_replica_with_a_least_of_one_is_never_drained():
    deployment, pods = manifest("Deployment"), manifest("PodDisruptionBudget")
    deployment["spec"]["replicas"], pods["spec"] = 1, {"minAvailable": 1}
    came = rehearse(deployment, pods)
    assert came["install"]
    assert not came["drain a"]


def test_probes_and_budgets_are_as_the_daemon_answers():
    (container,) = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "web"}
    for name in ("wirewatch", "wirewatch-worker"):
        selector = manifest("PodDisruptionBudget", name)["spec"]["selector"]
        assert selector == manifest("Deployment", name)["spec"]["selector"]


def test_units_are_started_again_for_ever_but_for_a_faulty_configuration():
    for unit in (Path(__file__).parents[2] / "docker" / "systemd").iterdir():
        before, _, service = unit.read_text().partition("[Service]")
        assert "StartLimitIntervalSec=0\n" in before, "it belongs to [Unit]"
        assert "Restart=always\n" in service
        assert "RestartSec=5\n" in service
        assert "RestartPreventExitStatus=2\n" in service


def test_a_standby_in_compose_has_the_health_check_of_the_image():
    services = yaml.safe_load((Path(__file__).parents[2] / "docker" / "compose.several.yaml").read_text())["services"]
    assert "healthcheck" not in services["standby"]
    assert "healthcheck" not in services["clock"]
