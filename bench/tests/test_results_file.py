"""The results that are committed: they load, are written as they were, and make the page that stands beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import report
import results_file
import run
from results_file import CeilingShare, Measurements, Results, Roofline

BENCH = Path(__file__).resolve().parents[1]
FILES = [path for path in sorted((BENCH / "results").glob("*.json")) if '"workloads"' in path.read_text()]


@pytest.fixture
def results() -> Results:
    return results_file.read(FILES[0])


def test_there_are_committed_results() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_read_and_written_without_a_change(file: Path) -> None:
    assert results_file.text_of(results_file.read(file)) == file.read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_page_is_made_from_the_file(file: Path) -> None:
    page = report.page(results_file.read(file), file.with_suffix(".svg").name)
    assert page == file.with_suffix(".md").read_text()


def test_the_schema_is_that_of_the_dataclasses() -> None:
    written = json.loads((BENCH / "results.schema.json").read_text())
    assert written == results_file.schema(), "python bench/results_file.py > bench/results.schema.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"machine": 3}, r"results.json.machine: expected an object, got 3"),
        ({"workloads": [{"name": "W1"}]}, r"results.json.workloads\[0\]: expected a field 'title', got none"),
        ({"prepareSeconds": {"base": "1"}}, r"results.json.prepareSeconds.base: expected float, got '1'"),
        ({"settings": {"repeats": True, "quick": False, "data": "real"}}, r"settings.repeats: expected int, got True"),
        ({"speed": 1}, r"results.json: expected .*, got 'speed' too"),
    ],
)
def test_another_shape_is_an_error_that_names_the_place(
    results: Results, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps(json.loads(results_file.text_of(results)) | change))
    with pytest.raises(ValueError, match=message):
        results_file.read(file)


def test_what_was_measured_before_is_not_overwritten(results: Results, tmp_path: Path) -> None:
    later = replace(results, environment=replace(results.environment, date="later"))
    files = [results_file.write_new(one, tmp_path, "day") for one in (results, later, results)]
    assert [file.name for file in files] == ["day.json", "day-2.json", "day-3.json"]
    assert [results_file.read(file) for file in files] == [results, later, results]


def test_parts_of_a_day_are_joined(results: Results) -> None:
    first, second = Roofline({}, 1.0, [CeilingShare("W2", 1.0, 0.5)]), Roofline({}, 2.0, [CeilingShare("W1", 1.0, 0.4)])
    [one] = results.measurements.workloads
    earlier = replace(results, measurements=replace(results.measurements, roofline=first))
    later = Results(
        replace(
            results.environment,
            command="npm run bench -- --only W1",
            versions={"node": "99.0.0"},
            settings=replace(results.environment.settings, repeats=1),
        ),
        Measurements({"base fp32": 3.0}, [replace(one, name="W1")], roofline=second),
    )
    both = run.joined(earlier, later)
    assert [found.name for found in both.measurements.workloads] == ["W1", one.name]
    assert both.measurements.roofline == replace(second, shares=[*second.shares, *first.shares])
    assert both.measurements.sweep == results.measurements.sweep
    assert both.measurements.prepare_seconds == {"base fp32": 3.0}
    assert both.environment.settings.repeats == 1
    assert both.environment.command == f"{results.environment.command}`, `npm run bench -- --only W1"
    assert both.environment.versions == {"node": f"{results.environment.versions['node']}, 99.0.0"}
