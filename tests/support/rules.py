"""Which alert rules fire on what was scraped: ``promtool``, Prometheus' own evaluator of its rules."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

RULES = Path(__file__).parents[2] / "docker" / "monitoring" / "alerts.yaml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool here (Debian: the package prometheus)")

Series = dict[str, str]
"""Values in promtool's notation, by the series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """What ``/metrics`` said, and when."""

    at: float
    """Seconds since 1970."""
    values: Mapping[str, float]
    kinds: Mapping[str, str]


def scraped(text: str, at: float, instance: str = "wirewatch:8787") -> Scrape:
    """Return a scrape of an exposition; Prometheus adds the label ``instance``."""
    values, kinds = {}, {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels = ",".join(f'{name}="{value}"' for name, value in {**sample.labels, "instance": instance}.items())
            series = f"{sample.name}{{{labels}}}"
            values[series] = sample.value
            kinds[series] = "counter" if sample.name.endswith(("_total", "_count", "_sum", "_bucket")) else family.type
    return Scrape(at=at, values=values, kinds=kinds)


def continued(before: Scrape, after: Scrape, minutes: int) -> Series:
    """Return the series of a state that goes on as it was between two scrapes, from the minute 0.

    A counter goes on at its speed; a moment or an age that moved moves with the time, one that stood stands.
    """
    series = {}
    for name, value in after.values.items():
        earlier = before.values.get(name, 0.0)
        slope = 0.0
        if after.kinds[name] == "counter":
            slope = (value - earlier) / (after.at - before.at) * 60
        elif "_seconds{" in name and value > earlier and name in before.values:
            slope = 60.0
        start = value - after.at if "_timestamp_seconds{" in name else value
        series[name] = f"{start:.3f}{slope:+.3f}x{minutes}"
    return series


def firing(series: Series, moments: Sequence[str], folder: Path, expression: str = "ALERTS") -> list[set[str]]:
    """Return the names of the alerts that fire at these moments (``12m``)."""
    assert PROMTOOL is not None
    found = []
    query = "count by (alertname) (max_over_time(ALERTS{alertstate=\"firing\"}[1d]))" if expression == "any" else (
        'count by (alertname) (ALERTS{alertstate="firing"})'
    )  # fmt: skip
    for moment in moments:
        file = folder / f"rules-{moment}.yaml"
        test = {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": query, "eval_time": moment, "exp_samples": []}],
        }
        file.write_text(
            yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}, width=10**6)
        )
        ran = subprocess.run(
            [PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, timeout=120, check=False
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0 or "got:" in said, said
        _, _, got = said.partition("got:")
        found.append(set(re.findall(r'alertname="(\w+)"', got)))
    return found
