"""How secrets are told: names, ages and readers, what was made, who must restart; never a value."""

from collections.abc import Iterator

from llmplat.apply.secret_reports import SecretList, SecretRotated, SecretsSeeded
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _list_human(report: SecretList, theme: Theme) -> Iterator[str]:
    yield theme.dim(f"in {report.place}")
    head = [theme.title(word) for word in ("secret", "state", "versions", "changed", "readers")]
    rows = [
        [
            f"{one.name}{' (write once)' if one.is_write_once else ''}",
            theme.state("ok", "set") if one.is_set else theme.state("failed", "missing"),
            str(one.versions),
            one.changed[:16].replace("T", " ") or "-",
            ", ".join(one.readers),
        ]
        for one in report.secrets
    ]
    yield from columns([head, *rows])


def _seeded_human(report: SecretsSeeded, theme: Theme) -> Iterator[str]:
    word = "would be made" if report.is_dry_run else "made"
    yield theme.dim(f"in {report.place}")
    yield from (f"{theme.state('ok', word)}  {name}" for name in report.made)
    yield from (f"{theme.dim('was there')}  {name}" for name in report.kept)
    for name in report.wanting:
        yield f"{theme.state('failed', 'needs a value from you')}  {name}"
        yield f"    {theme.dim('fix:')} llmplat secrets seed {name} --stdin < FILE"


def _seeded_plain(report: SecretsSeeded) -> Iterator[tuple[str, str]]:
    yield from ((name, "would-make" if report.is_dry_run else "made") for name in report.made)
    yield from ((name, "kept") for name in report.kept)
    yield from ((name, "wanting") for name in report.wanting)


def _rotated_human(report: SecretRotated, theme: Theme) -> Iterator[str]:
    word = "would be rotated" if report.is_dry_run else f"rotated to version {report.version}"
    yield f"{theme.state('ok', word)}  {report.name}"
    if report.restarts:
        yield "these read it only when they start, so they go on with the old value until then:"
        yield from (f"  {one}" for one in report.restarts)
        yield theme.dim("in a minute, when the cluster has the new value:")
        yield from (f"  {command}" for command in report.commands)


LISTED: View[SecretList] = View(
    "SecretList",
    _list_human,
    lambda report: [
        (
            one.name,
            "set" if one.is_set else "missing",
            one.versions,
            one.changed,
            one.origin,
            ",".join(one.readers),
        )
        for one in report.secrets
    ],
)
SEEDED: View[SecretsSeeded] = View("SecretsSeeded", _seeded_human, _seeded_plain)
ROTATED: View[SecretRotated] = View(
    "SecretRotated",
    _rotated_human,
    lambda report: [
        (report.name, "would-rotate" if report.is_dry_run else "rotated", report.version),
        *((one, "restart") for one in report.restarts),
    ],
)
