"""The container files, read as an engine reads them: what an operator relies on stands in them."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


def instructions() -> list[tuple[int, str, str]]:
    """The Dockerfile's instructions with the number of their stage."""
    text = "\n".join(line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    stage, found = 0, []
    for line in text.replace("\\\n", " ").splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb:
            stage += verb == "FROM"
            found.append((stage, verb, " ".join(rest.split())))
    return found


def of(verb: str, stage: int = 2) -> list[str]:
    return [rest for number, instruction, rest in instructions() if instruction == verb and number == stage]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return loaded


def ignored(path: str) -> bool:
    """Whether the build's context lacks ``path``, by the ignore file's rules (the last that matches)."""
    out = False
    for rule in (DOCKER / "Dockerfile.dockerignore").read_text().split():
        keep = rule.startswith("!")
        pattern = rule.removeprefix("!")
        parents = ["/".join(path.split("/")[: length + 1]) for length in range(path.count("/") + 1)]
        candidates = path.split("/") if pattern.startswith("**/") else parents
        if any(fnmatchcase(candidate, pattern.removeprefix("**/")) for candidate in candidates):
            out = not keep
    return out


def test_the_program_runs_as_a_user_without_rights() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, so that an engine can check it is not root"
    verbs = [verb for number, verb, _ in instructions() if number == 2]
    assert verbs.index("USER") > verbs.index("RUN")


def test_nothing_of_the_build_but_the_program_is_in_the_image() -> None:
    assert len({number for number, _, _ in instructions()}) == 2
    assert of("COPY") == ["--from=build /opt/wirewatch /opt/wirewatch"]


def test_the_health_check_is_a_subcommand() -> None:
    (check,) = of("HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2])[0] == "wirewatch"
    assert [json.loads(command) for command in of("ENTRYPOINT") + of("CMD")] == [["wirewatch"], ["run"]]


@pytest.mark.parametrize("image", [rest.split()[0] for _, verb, rest in instructions() if verb == "FROM"])
def test_base_images_are_pinned_to_a_version_and_a_distribution(image: str) -> None:
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?-(slim-)?(bookworm|trixie)", image)


def test_images_of_compose_are_pinned(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert re.search(r":\d+\.\d+", service["image"])


def test_every_room_that_is_packaged_is_in_the_image() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        packages = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {instruction.split()[0] for instruction in of("COPY", stage=1)}
    assert set(packages) <= copied
    assert not [room for room in packages if ignored(f"{room}/__init__.py")]


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "wirewatch.toml", "docker/secrets/web_token", "stories/__pycache__/keys.pyc"],
)
def test_what_has_no_business_in_an_image_does_not_reach_the_build(path: str) -> None:
    assert ignored(path)


def test_what_the_build_copies_is_there_and_not_ignored() -> None:
    for instruction in of("COPY", stage=1):
        for path in instruction.split()[:-1]:
            assert (ROOT / path).exists()
            assert not ignored(path)


def test_no_secret_stands_in_the_files() -> None:
    for name in ("Dockerfile", "compose.yaml", "wirewatch.toml", "README.md"):
        text = (DOCKER / name).read_text()
        assert not re.search(r"(?i)(password|secret|token)\w*\s*[=:]\s*[\"']?[A-Za-z0-9+][A-Za-z0-9+/_-]{11,}", text)
        assert "whsec_" not in text
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "docker"], capture_output=True, text=True, check=False
    ).stdout
    assert "secrets/" not in tracked


def test_redis_keeps_everything_or_refuses(compose: dict[str, Any]) -> None:
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--appendfsync always" in command
    assert "--maxmemory-policy noeviction" in command
    assert compose["services"]["redis"]["volumes"] == ["redis:/data"]
    assert compose["services"]["redis"]["healthcheck"]["test"][:2] == ["CMD", "redis-cli"]


def test_redis_is_reached_by_wirewatch_alone(compose: dict[str, Any]) -> None:
    assert "ports" not in compose["services"]["redis"]
    assert compose["services"]["redis"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_wirewatch_waits_for_redis_and_is_closed_to_the_network(compose: dict[str, Any]) -> None:
    wirewatch = compose["services"]["wirewatch"]
    assert wirewatch["depends_on"]["redis"]["condition"] == "service_healthy"
    assert all(port.startswith("127.0.0.1:") for port in wirewatch["ports"])
    assert wirewatch["environment"]["WIREWATCH_WEB__TOKEN_FILE"].startswith("/run/secrets/")
    assert wirewatch["read_only"] is True
    assert wirewatch["cap_drop"] == ["ALL"]
    assert "/tmp" in wirewatch["tmpfs"]


@pytest.mark.parametrize("example", ["docker/wirewatch.toml", "docs/wirewatch.example.toml"])
def test_the_example_configuration_is_valid(example: str) -> None:
    from alerts.channels import channel_types
    from config.loader import load

    loaded = load(ROOT / example, channel_types(), {})
    assert loaded.settings.watches
    assert loaded.settings.channels


def test_the_environment_of_compose_is_understood(compose: dict[str, Any], tmp_path: Path) -> None:
    from config.loader import load

    (tmp_path / "token").write_text("a token of the test\n")
    given = {
        name: str(tmp_path / "token") if name.endswith("_FILE") else value
        for name, value in compose["services"]["wirewatch"]["environment"].items()
        if name.startswith("WIREWATCH_")
    }
    (tmp_path / "wirewatch.toml").write_text("")
    settings = load(tmp_path / "wirewatch.toml", {}, given).settings
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://redis:6379/0"
    assert settings.web.host == "0.0.0.0"
    assert settings.web.token is not None
    assert settings.web.token.get_secret_value() == "a token of the test"
