"""Everything that a reader looks up is documented, and what the documentation names exists."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

from alerts.channels import channel_types
from alerts.channels.console import open_channel as open_console_channel
from alerts.outcomes import Channel
from alerts.settings import DeliverySettings
from config.settings import Settings, WatchSettings
from config.source_settings import ListingSettings, ReleaseHints, SourceSettings
from scheduler.cli.app import app

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PACKAGES = ("alerts", "config", "crawler", "pipelines", "scheduler", "stories", "web")
PAGES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "docker/*.md", ".github/*.md") for path in PROJECT.glob(pattern)
)
METRIC_TYPES = ("counter", "countermetricfamily", "gauge", "gaugemetricfamily", "histogram", "summary")


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def sections(page: str) -> dict[str, str]:
    """Return the text under each heading, up to the next heading of any level."""
    parts = re.split(r"^#{1,6} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(text: str) -> list[str]:
    """Return the words in code style of the first column of the tables in ``text``."""
    cells = re.findall(r"^\|(.+?)(?<!\\)\|", text, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def modules() -> dict[str, set[str]]:
    """Return the names of the modules of each package folder."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            if path.name != "__init__.py":
                found.setdefault(path.parent.relative_to(PROJECT).as_posix(), set()).add(path.stem)
    return found


def first_docstring_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def documented_modules() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for heading, text in sections(read("docs/ARCHITECTURE.md")).items():
        if match := re.match(r"`([\w/]+)/`", heading):
            found[match[1]] = first_cells(text)
    return found


def test_every_module_has_a_line_in_the_architecture_page():
    documented = documented_modules()
    missing = [
        f"{folder}: | `{name}` | {first_docstring_line(PROJECT / folder / f'{name}.py')} |"
        for folder, names in sorted(modules().items())
        for name in sorted(names)
        if documented.get(folder, []).count(name) != 1
    ]
    assert not missing, "docs/ARCHITECTURE.md needs exactly one line for each of these:\n" + "\n".join(missing)


def test_every_line_of_the_architecture_page_is_about_a_module_that_exists():
    existing = modules()
    stale = [
        f"{folder}/{name}"
        for folder, names in documented_modules().items()
        for name in names
        if name not in existing.get(folder, set())
    ]
    assert not stale, f"docs/ARCHITECTURE.md describes modules that do not exist: {stale}"


def model_fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def nested_models() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield f"`[{name}]`", field.annotation


def test_every_setting_is_documented_and_every_documented_setting_exists():
    page = sections(read("docs/reference/settings.md"))
    expected = {"Top level": model_fields(Settings), "`[watches.NAME]`": model_fields(WatchSettings)}
    expected |= {heading: model_fields(model) for heading, model in nested_models()}
    channels = (model_fields(model) for model in channel_types().values())
    expected["`[channels.NAME]`"] = model_fields(DeliverySettings).union(*channels)
    sources = (SourceSettings, ListingSettings, ReleaseHints)
    expected["`[sources.NAME]`"] = set().union(*(model_fields(model) for model in sources))
    for heading, fields in expected.items():
        documented = set(first_cells(page.get(heading, "")))
        assert documented == fields, f"docs/reference/settings.md, {heading}: {sorted(documented ^ fields)}"


def test_every_type_of_channel_is_documented():
    page = read("docs/reference/settings.md")
    for name in channel_types():
        assert f'`type = "{name}"`' in page, f"docs/reference/settings.md has no table for the channel {name}"


def commands(command: Any, prefix: str = "") -> Iterator[str]:
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield f"{prefix}{name}"
            yield from commands(child, f"{prefix}{name} ")


def test_every_command_is_in_the_table_of_the_readme_and_every_row_is_a_command():
    cells = first_cells(sections(read("README.md"))["The commands"])
    named = {cell.split()[0] for cell in cells}
    existing = set(commands(get_command(app)))
    assert named == {name for name in existing if " " not in name}
    for name in sorted(existing):
        group, _, subcommand = name.partition(" ")
        if subcommand:
            assert any(cell.startswith(group) and re.search(rf"\b{subcommand}\b", cell) for cell in cells), (
                f"README.md: `{name}` is not in the table of commands"
            )


def metric_names() -> set[str]:
    found = set()
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called.lower() in METRIC_TYPES and str(node.args[0].value).startswith("wirewatch_"):
                    found.add(str(node.args[0].value))
    return found


def test_every_metric_is_documented_and_every_documented_metric_exists():
    documented = [
        name
        for name in first_cells(sections(read("docs/reference/operations.md"))["Metrics"])
        if name.startswith("wirewatch_")
    ]
    assert len(documented) == len(set(documented))
    assert set(documented) == metric_names()


def logged_events() -> set[str]:
    """Return every snake_case text of the code; events are passed to the logger directly or by a helper."""
    found = set()
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and re.fullmatch(r"[a-z]+(_[a-z]+)+", str(node.value)):
                    found.add(str(node.value))
    return found


def test_every_documented_log_event_is_logged():
    documented = first_cells(sections(read("docs/reference/operations.md"))["Log events"])
    assert documented
    assert set(documented) <= logged_events()


def test_every_module_in_the_glossary_exists():
    named = re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", read("docs/GLOSSARY.md"))
    assert named
    missing = sorted({name for name in named if not (PROJECT / name).exists()})
    assert not missing, f"docs/GLOSSARY.md names files that do not exist: {missing}"


def test_the_words_of_the_contract_come_first_in_the_glossary():
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", read("docs/GLOSSARY.md"), re.MULTILINE)
    assert terms[:14] == [
        "wire", "source", "listing", "sighting", "release", "revision", "notice", "story", "watch", "event", "channel",
        "alert", "claim", "copy",
    ]  # fmt: skip
    assert len(terms) == len(set(terms)), "a term is in the glossary twice"


def slug(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page):
    text = without_code(page.read_text(encoding="utf-8"))
    for target in re.findall(r"(?<!`)\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} does not exist"
        if anchor and linked.suffix == ".md":
            headings = re.findall(r"^#{1,6} (.+)$", without_code(linked.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in map(slug, headings), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_every_file_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    roots = "|".join((*PACKAGES, "tests", "benchmarks", "docs", "docker", r"\.ci"))
    for name in re.findall(rf"`((?:{roots})/[\w./@-]+)`", text):
        placeholder = re.search(r"\b(NAME|TYPE|TAG)\b|test_NAME", name)
        assert placeholder or (PROJECT / name).exists(), f"{name} does not exist"


def test_every_page_that_the_code_names_exists():
    for package in (*PACKAGES, "docker", ".ci"):
        for path in (PROJECT / package).rglob("*"):
            if path.suffix in (".py", ".toml", ".yaml", ".html") or path.parent.name == ".ci":
                for name in re.findall(r"\bdocs/[\w./-]+\.md\b", path.read_text(encoding="utf-8")):
                    assert (PROJECT / name).exists(), f"{path.relative_to(PROJECT)} names {name}"


def test_the_channel_of_the_how_to_page_opens(monkeypatch):
    """The sample takes the arguments that the registry passes, and is a channel."""
    page = read("docs/how-to/add-a-channel.md")
    sample = textwrap.dedent(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])
    module = types.ModuleType("pager")
    monkeypatch.setitem(sys.modules, "pager", module)  # pydantic resolves annotations there
    exec(compile(sample, "add-a-channel.md", "exec", dont_inherit=True), module.__dict__)
    settings = module.Settings.model_validate({"type": "pager", "url": "https://pager.example/t0ken"})
    arguments = inspect.signature(open_console_channel).parameters
    channel: Channel = module.open_channel(**(dict.fromkeys(arguments) | {"name": "desk", "settings": settings}))
    assert (channel.name, channel.settings, channel.concurrency) == ("desk", settings, 4)
