"""Turns a platform that reads well into findings: what planning would refuse or warn about."""

from dataclasses import dataclass

from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import Finding, LlmplatError, PlanError, Severity, SpecError
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.spec.keys import KeysFile
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.lock import Lock


@dataclass(frozen=True)
class ValidationReport:
    """What the checks found."""

    file: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that stop the platform from being started."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


def plan_platform(
    loaded: LoadedPlatform, lock: Lock | None, catalog: Catalog, keys: KeysFile | None
) -> tuple[ValidationReport, Plan | None]:
    """What planning has to say, and the plan where there is one; raises nothing of the user's."""
    try:
        plan = make_plan(loaded.platform, lock, catalog, keys=keys)
    except (PlanError, SpecError) as error:
        found = error.findings or (finding_of(error),)
        placed = tuple(_placed(finding, loaded) for finding in found)
        return ValidationReport(loaded.file, (*loaded.warnings, *placed)), None
    warned = tuple(
        Finding("plan-warning", text, severity=Severity.WARNING) for text in plan.warnings
    )
    return ValidationReport(loaded.file, (*loaded.warnings, *warned)), plan


def finding_of(error: LlmplatError) -> Finding:
    """`error` as one of several."""
    return Finding(error.code, error.what, error.why, error.fix)


def _placed(finding: Finding, loaded: LoadedPlatform) -> Finding:
    """`finding` with the place of the model it speaks of, where it names one."""
    for index, model in enumerate(loaded.platform.models):
        if finding.where is None and f" {model.name} " in f"{finding.what} ".replace(".", " "):
            return Finding(
                finding.code,
                finding.what,
                finding.why,
                finding.fix,
                where=loaded.where(("models", index)),
                severity=finding.severity,
            )
    return finding
