"""Every check has a good and a bad example: the good one is clean, the bad one is found in place."""

import pytest

from llmplat.domain.errors import Severity
from llmplat.validate.documents import read_all
from llmplat.validate.lint import all_lints, run_lints
from llmplat.validate.manifests import check_manifests
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from tests.unit.validate.examples import NAMES, example, marked

LINTS = {lint.name: lint for lint in all_lints()}


def lint(manifests):
    documents, unreadable = read_all(manifests)
    assert not unreadable
    return list(run_lints(Objects(documents), Positions(manifests)))


def test_every_check_has_examples_and_every_example_a_check():
    assert [name.replace("_", "-") for name in NAMES] == sorted(LINTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_good_example_is_clean(name):
    code = f"check-{name.replace('_', '-')}"
    assert [f for f in lint(example(name, "good")) if f.code == code] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_good_example_is_what_the_api_takes(name):
    found = check_manifests("example", example(name, "good"), "1.36").findings
    assert [f for f in found if f.code.startswith("manifest-")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_bad_example_is_found_in_its_place(name):
    manifests = example(name, "bad")
    code = f"check-{name.replace('_', '-')}"
    found = [f for f in lint(manifests) if f.code == code]
    assert found, "not found"
    here = marked(manifests)
    assert (here.file, here.line) in {(f.where.file, f.where.line) for f in found}
    assert all(f.where.column for f in found)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_says_why_and_a_fix(name):
    for finding in lint(example(name, "bad")):
        assert finding.why
        assert all(finding.fix)
        assert finding.severity in {Severity.ERROR, Severity.WARNING}


@pytest.mark.parametrize("name", sorted(LINTS))
def test_a_check_says_what_it_holds_and_why(name):
    check = LINTS[name]
    assert check.title.endswith(".")
    assert len(check.title) < 80
    assert check.why.endswith(".")
