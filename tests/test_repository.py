"""The files around the code agree with the code: settings, containers, pinned packages, pages."""

import importlib
import json
import re
import tomllib
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub import model_page
from hub.kit.settings import Settings
from hub.settings_page import every_settings, page, variable

ROOT = Path(__file__).parents[1]
SERVICES = sorted(app.parent.name for app in (ROOT / "services").glob("*/app.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXAMPLE = ROOT / "omnihub.example.toml"


def sections() -> dict[str, type[Settings]]:
    """Every settings class of the hub and its services, by section."""
    for file in [ROOT / "hub" / "settings.py", *(ROOT / "services").rglob("settings.py")]:
        importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    ours = (found for found in every_subclass(Settings) if found.__module__.startswith(("hub.", "services.")))
    return {found.SECTION: found for found in ours}


def every_subclass(parent: type[Settings]) -> list[type[Settings]]:
    return [found for child in parent.__subclasses__() for found in (child, *every_subclass(child))]


SECTIONS = sections()


def as_toml(name: str, value: Any) -> str:
    """One line of the example; a setting that is not set by default is shown as a comment."""
    return f'# {name} = "…"' if value is None else f"{name} = {toml_value(value)}"


def toml_value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f'"PT{value.total_seconds():g}S"'
    return f'"{value.get_secret_value() if isinstance(value, SecretStr) else value}"'


def example_lines(section: str) -> dict[str, tuple[str, str]]:
    """For each setting shown in a section: the line above it, and its own."""
    text = EXAMPLE.read_text(encoding="utf-8")
    found = re.search(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    lines = [f"[{section}]", *(found[1].splitlines() if found else [])]
    named = ((above, line, re.match(r"(?:# )?(\w+) = ", line)) for above, line in pairwise(lines))
    return {match[1]: (above, line) for above, line, match in named if match}


SETTINGS = [(section, name) for section in sorted(SECTIONS) for name in SECTIONS[section].model_fields]


@pytest.mark.parametrize(("section", "name"), SETTINGS)
def test_a_setting_is_in_the_example_with_a_comment(section: str, name: str) -> None:
    shown = example_lines(section)
    field = SECTIONS[section].model_fields[name]
    block = (
        f"# {field.description or 'What it is for'}\n{as_toml(name, field.get_default(call_default_factory=True))}"
    )
    assert name in shown, f"add to [{section}] of omnihub.example.toml:\n\n{block}\n"
    assert shown[name][0].startswith("# "), f"give {name} a comment in omnihub.example.toml, as:\n\n{block}\n"


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_the_example_shows_the_defaults_and_nothing_else(section: str) -> None:
    settings = SECTIONS[section]
    shown = set(example_lines(section))
    assert shown <= set(settings.model_fields), "remove from the example, or mend the name"
    given = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))[section]
    optional = {name for name, field in settings.model_fields.items() if field.get_default() is None}
    assert shown - set(given) <= optional, "give the default itself, not a comment"
    defaults = settings().model_dump()
    differing = [
        as_toml(name, defaults[name])
        for name, value in settings(**given).model_dump().items()
        if value != defaults[name]
    ]
    assert differing == [], f"[{section}] of omnihub.example.toml should say"


def test_the_example_has_no_section_of_its_own() -> None:
    assert set(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == set(SECTIONS)


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_section_is_named_after_it(service: str) -> None:
    assert service in SECTIONS


def test_the_page_of_settings_is_fresh() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page(), "omnihub settings >docs/settings.md"


def test_the_page_of_the_model_is_fresh_and_names_what_every_reference_leads_to() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    assert text == model_page.page(), "omnihub model >docs/model.md"
    records = {"client", "chain", "interaction", "address", "task", "outcome"}
    assert set(model_page.entities()) == records
    drawn = {name.lower() for pair in re.findall(r"(\w+) \}o--\S+ (\w+) :", text) for name in pair}
    told = set(re.findall(r"^\| (\w+) \| ", text, re.MULTILINE)) - {"record"}
    assert drawn == told == records | {"employee", "team", "account", "mailing"}


def test_the_page_tells_every_setting_of_every_class_and_what_it_is_for() -> None:
    assert {settings.SECTION: settings for settings in every_settings()} == SECTIONS
    untold = [(section, name) for section, name in SETTINGS if not SECTIONS[section].model_fields[name].description]
    assert untold == []
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` ", page(), re.MULTILINE)
    assert {shown: name for name, shown in rows} == {variable(*setting): setting[1] for setting in SETTINGS}


def test_the_page_tells_the_variables_that_stand_outside() -> None:
    files = (path for folder in ("hub", "services") for path in (ROOT / folder).rglob("*.py"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    # A seam kills the hub: it is for tests alone.
    read = set(re.findall(r"""(?:environ\.get|variable)\(['"]((?:OMNIHUB|AWS)_\w+)""", code)) - {"OMNIHUB_SEAM"}
    assert read
    assert [name for name in read if f"`{name}`" not in page()] == []


def test_the_dashboard_shows_metrics_that_exist() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "omnihub.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    shown = {name for query in queries for name in re.findall(r"\bomnihub_\w+", query)}
    code = "\n".join(
        path.read_text(encoding="utf-8") for folder in ("hub", "services") for path in (ROOT / folder).rglob("*.py")
    )
    made = set(re.findall(r'"(omnihub_\w+)"', code))
    assert {name for name in shown if re.sub(r"_(bucket|sum|count)$", "", name) not in made} == set()
    assert shown


REQUIREMENTS = {
    file: dict(
        re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    )
    for file in ("requirements.txt", "deploy/requirements.txt")
}


def names_of(wanted: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", item, maxsplit=1)[0].lower().replace("_", "-") for item in wanted}


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_every_package_is_pinned_with_hashes_and_no_index_address(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    entries = re.findall(r"^[^#\s].*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"--(?:extra-)?index-url|--find-links|https?://\S+", text) == []


def test_what_the_project_names_is_pinned_and_the_image_has_what_runs() -> None:
    runtime = names_of(PROJECT["project"]["dependencies"])
    tools = names_of(PROJECT["project"]["optional-dependencies"]["dev"])
    everything, image = REQUIREMENTS["requirements.txt"], REQUIREMENTS["deploy/requirements.txt"]
    assert (runtime | tools) - set(everything) == set(), "run: make lock"
    assert runtime - set(image) == set(), "run: make lock"
    assert image.items() - everything.items() == set(), "run: make lock"
    assert "pytest" not in image


def test_the_continuous_integration_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "exec make check </dev/null" in script.read_text(encoding="utf-8")


def test_decisions_are_numbered_and_tell_context_decision_and_consequences() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:5] for path in records] == [f"{number:04}-" for number in range(1, len(records) + 1)]
    for record in records:
        headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], record.name


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pages_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("package", ["bus", "store"])
def test_a_port_is_imported_without_its_adapters(package: str) -> None:
    assert (ROOT / "hub" / package / "__init__.py").read_text(encoding="utf-8") == ""
