"""The rules by which Kubernetes' controllers install, upgrade and drain, played in steps without a cluster.

Sources: the Deployment controller (``rolling.go``, ``recreate.go``, ``DeploymentComplete``), ``kubectl rollout status``
(``DeploymentStatusViewer``), the Eviction API ("API-initiated eviction", "Unhealthy Pod Eviction Policy").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STARTS = 3  # steps from a pod's creation to its first answer
ENDS = 2  # steps from a pod's deletion to its end


@dataclass(slots=True)
class Pod:
    """One pod: it starts, answers, and ends."""

    number: int
    version: int
    node: str
    starts_in: int = STARTS
    ends_in: int | None = None

    @property
    def answers(self) -> bool:
        return self.starts_in <= 0 and self.ends_in is None


@dataclass(slots=True)
class Cluster:
    """Some nodes, one Deployment with its budget, and who holds the clock."""

    deployment: Mapping[str, Any]
    budget: Mapping[str, Any]
    nodes: tuple[str, ...] = ("a", "b")
    version: int = 1
    pods: list[Pod] = field(default_factory=list)
    holder: Pod | None = None
    cordoned: set[str] = field(default_factory=set)
    made: int = 0

    @property
    def replicas(self) -> int:
        found: int = self.deployment["spec"]["replicas"]
        return found

    def is_ready(self, pod: Pod) -> bool:
        """What the readiness probe says: a standby answers 200 at /healthz and 503 at /readyz."""
        (container,) = self.deployment["spec"]["template"]["spec"]["containers"]
        path = container["readinessProbe"]["httpGet"]["path"]
        return pod.answers and (path == "/healthz" or pod is self.holder)

    def available(self, version: int | None = None) -> int:
        return sum(self.is_ready(pod) for pod in self.pods if version in (None, pod.version))

    def step(self) -> None:
        """Let a step of time pass: pods start and end, the lease moves, the controller acts once."""
        for pod in list(self.pods):
            pod.starts_in -= 1
            if pod.ends_in is not None:
                pod.ends_in -= 1
                if pod.ends_in <= 0:
                    self.pods.remove(pod)
        if self.holder is None or not self.holder.answers:
            self.holder = next((pod for pod in self.pods if pod.answers), None)
        if self.strategy["type"] == "Recreate":
            self._recreate()
        else:
            self._roll()

    @property
    def strategy(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.deployment["spec"].get("strategy", {"type": "RollingUpdate"})
        return found

    def _bounds(self) -> tuple[int, int]:
        """Return maxSurge and maxUnavailable as numbers; a surge is rounded up, what may miss is rounded down."""
        rolling = self.strategy.get("rollingUpdate", {})
        surge, missing = rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
        surge = math.ceil(self.replicas * int(surge[:-1]) / 100) if isinstance(surge, str) else surge
        missing = math.floor(self.replicas * int(missing[:-1]) / 100) if isinstance(missing, str) else missing
        return surge, missing if surge or missing else 1

    def _living(self, *, old: bool) -> list[Pod]:
        return [pod for pod in self.pods if pod.ends_in is None and (pod.version != self.version) is old]

    def _recreate(self) -> None:
        for pod in self._living(old=True):
            pod.ends_in = ENDS
        if not any(pod.version != self.version for pod in self.pods):
            self._create(self.replicas - len(self._living(old=False)))

    def _roll(self) -> None:
        surge, missing = self._bounds()
        old, new = self._living(old=True), self._living(old=False)
        self._create(min(self.replicas - len(new), self.replicas + surge - len(old) - len(new)))
        old, new = self._living(old=True), self._living(old=False)
        least = self.replicas - missing
        may_go = len(old) + len(new) - least - (len(new) - self.available(self.version))
        for pod in [pod for pod in old if not self.is_ready(pod)][: max(0, may_go)]:  # cleanupUnhealthyReplicas
            pod.ends_in = ENDS
        ready = [pod for pod in self._living(old=True) if self.is_ready(pod)]
        for pod in ready[: max(0, self.available() - least)]:
            pod.ends_in = ENDS

    def _create(self, count: int) -> None:
        for _ in range(max(0, count)):
            free = [node for node in self.nodes if node not in self.cordoned]
            if not free:
                return
            self.made += 1
            node = min(free, key=lambda name: sum(pod.node == name for pod in self.pods))
            self.pods.append(Pod(number=self.made, version=self.version, node=node))

    def is_complete(self) -> bool:
        """What ``kubectl rollout status`` waits for: all replicas are of the new version, and all are available."""
        updated = len(self._living(old=False))
        return updated == self.replicas == len(self.pods) == self.available(self.version)

    def evict(self, pod: Pod) -> bool:
        """Ask to evict a pod, and return whether the budget lets it go."""
        if pod.ends_in is not None:
            return True
        spec = self.budget["spec"]
        wanted = spec["minAvailable"] if "minAvailable" in spec else self.replicas - spec["maxUnavailable"]
        healthy = self.available()
        if not self.is_ready(pod):
            allowed = spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow" or healthy >= wanted
        else:
            allowed = healthy - 1 >= wanted
        if allowed:
            pod.ends_in = ENDS
        return allowed

    def drain(self, node: str) -> Callable[[], bool]:
        """Cordon a node, and return what to call at each step: it evicts, and says whether the node is empty."""
        self.cordoned.add(node)

        def go_on() -> bool:
            for pod in [pod for pod in self.pods if pod.node == node]:
                self.evict(pod)
            return not any(pod.node == node for pod in self.pods)

        return go_on


def within(steps: int, cluster: Cluster, done: Callable[[], bool]) -> bool:
    """Return whether something is done within so many steps."""
    for _ in range(steps):
        cluster.step()
        if done():
            return True
    return False
