"""Findings of the checks."""

from llmplat.domain.errors import Severity
from llmplat.plan.check import plan_platform


def test_a_good_file_has_no_findings(planning):
    assert plan_platform(planning.platform(), None, planning.catalog(), None)[0].findings == ()


def test_each_model_that_cannot_run_is_found_with_its_place(planning):
    bad = planning.model("engine: {kvCacheMemory: 40MiB}")
    file = planning.platform(f"{bad}, {bad.replace('name: m', 'name: n')}")
    report, _ = plan_platform(file, None, planning.catalog(), None)
    assert [finding.where.line for finding in report.errors] == [4, 4]
    assert report.errors[0].where.column < report.errors[1].where.column


def test_warnings_do_not_stop_anything(planning):
    file = planning.platform(planning.model("engine: {kvCacheMemory: 128MiB}"))
    report, _ = plan_platform(file, None, planning.catalog(), None)
    assert [finding.severity for finding in report.findings] == [Severity.WARNING]
    assert report.errors == ()
