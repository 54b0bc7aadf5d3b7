"""A rendered tree -> one commit of a git repository, by the `git` command."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from llmplat.domain.errors import PreconditionError
from llmplat.domain.ports import Progress
from llmplat.plan.cluster.gitops import GitopsPlan
from llmplat.render.tree import MARKER, Tree

_WITHIN_S = 300.0
_TRIES = 3
"""Somebody else may push between our fetch and our push."""


def commit_tree(gitops: GitopsPlan, tree: Tree, cache: Path, progress: Progress) -> tuple[str, int]:
    """(commit, files changed): the branch holds `tree` in its folder, and nothing else is touched.

    Raises PreconditionError when git is missing, or the repository cannot be read or pushed to.
    """
    if shutil.which("git") is None:
        raise PreconditionError(
            "git is not on the PATH.", "the platform is delivered by git", ("apt-get install git",)
        )
    digest = hashlib.sha256(gitops.url.encode()).hexdigest()[:16]
    work = cache / "git" / digest
    for _ in range(_TRIES):
        _check_out(gitops, work)
        _write(work if gitops.path == "." else work / gitops.path, tree)
        _git(work, "add", "-A", "--", gitops.path)
        changed = _git(work, "diff", "--cached", "--name-only").stdout.split()
        if not changed:
            return _git(work, "rev-parse", "HEAD").stdout.strip(), 0
        _git(work, *_author(work), "commit", "-q", "-m", f"llmplat: render {tree.platform}")
        pushed = _git(work, "push", "-q", "origin", f"HEAD:{gitops.revision}", may_fail=True)
        if pushed.returncode == 0:
            return _git(work, "rev-parse", "HEAD").stdout.strip(), len(changed)
        progress.note(f"git push: {pushed.stderr.strip()}")
        if "fetch first" not in pushed.stderr and "non-fast-forward" not in pushed.stderr:
            raise _failed("push", gitops.url, pushed.stderr)
    raise _failed("push", gitops.url, "others pushed each time we tried")


def _check_out(gitops: GitopsPlan, work: Path) -> None:
    """A clean copy of the branch as it is on the server; an empty repository gets its branch."""
    if not (work / ".git").is_dir():
        work.mkdir(parents=True, exist_ok=True)
        _git(work, "init", "-q", "-b", gitops.revision)
        _git(work, "remote", "add", "origin", gitops.url)
    (work / ".git" / "index.lock").unlink(missing_ok=True)  # of a run that was killed
    fetched = _git(work, "fetch", "-q", "--depth=1", "origin", gitops.revision, may_fail=True)
    if fetched.returncode == 0:
        _git(work, "checkout", "-q", "-f", "-B", gitops.revision, "FETCH_HEAD")
        _git(work, "clean", "-qfdx")
    elif "couldn't find remote ref" not in fetched.stderr:
        raise _failed("fetch", gitops.url, fetched.stderr)


def _write(folder: Path, tree: Tree) -> None:
    """Exactly `tree` in place of what we wrote there before; the files of others stay."""
    marker = folder / MARKER
    before = json.loads(marker.read_text("utf-8"))["files"] if marker.is_file() else {}
    for path in before:
        (folder / path).unlink(missing_ok=True)
    for file in tree.files:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_text(file.content, "utf-8")


def _author(work: Path) -> tuple[str, ...]:
    """Ours where git knows nobody."""
    known = _git(work, "config", "user.email", may_fail=True).stdout.strip()
    return () if known else ("-c", "user.name=llmplat", "-c", "user.email=llmplat@localhost")


def _git(work: Path, *words: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
    """Git never asks: nobody may be there to answer."""
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(work), *words],  # noqa: S607 (found on the PATH above)
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(words[0], str(work), f"no answer within {_WITHIN_S:.0f} s") from error
    if done.returncode != 0 and not may_fail:
        raise _failed(words[0], str(work), done.stderr)
    return done


def _failed(act: str, where: str, said: str) -> PreconditionError:
    lines = [line for line in said.strip().splitlines() if line.strip()][-3:]
    return PreconditionError(
        f"git {act} failed for {where}.",
        " | ".join(lines) or "git gave no reason",
        (f"git ls-remote {where}", "check that you may push to its branch"),
    )
