"""Delivery by git, on real repositories: one commit a change, nobody else's files touched, races lost and won."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.adapters.git_repo import commit_tree
from llmplat.domain.errors import PreconditionError
from llmplat.plan.cluster.gitops import GitopsPlan
from llmplat.render.tree import Tree, make_tree
from tests.fakes.cluster_platform import catalog, plan_with
from tests.fakes.recording_progress import RecordingProgress

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on the PATH")
PLAN = plan_with(name="cluster-two-teams", profile="serving")
FOLDER = "clusters/test"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "server.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(made)], check=True)
    return made


def gitops(repository: Path) -> GitopsPlan:
    assert PLAN.cluster is not None
    return replace(PLAN.cluster.gitops, url=f"file://{repository}", revision="main", path=FOLDER)


def tree() -> Tree:
    return make_tree(PLAN, catalog())


def commit(repository: Path, cache: Path, made: Tree | None = None) -> tuple[str, int]:
    return commit_tree(gitops(repository), made or tree(), cache, RecordingProgress())


def git(repository: Path, *words: str) -> str:
    argv = ["git", "-C", str(repository), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def files(repository: Path) -> set[str]:
    return set(git(repository, "ls-tree", "-r", "--name-only", "main").split())


def push_beside(repository: Path, folder: Path, path: str) -> None:
    """Somebody else's commit."""
    who = ["-c", "user.name=else", "-c", "user.email=else@example.com"]
    subprocess.run(["git", "clone", "-q", str(repository), str(folder)], check=True)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("theirs")
    for words in (["add", "-A"], [*who, "commit", "-q", "-m", "theirs"], ["push", "-q"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)


def test_an_empty_repository_gets_its_branch_and_the_same_tree_no_second_commit(
    repository: Path, tmp_path: Path
) -> None:
    revision, changed = commit(repository, tmp_path / "cache")
    assert git(repository, "rev-parse", "main") == revision
    assert changed == len(files(repository)) == len({one.path for one in tree().files})
    assert commit(repository, tmp_path / "cache") == (revision, 0)
    assert commit(repository, tmp_path / "another machine") == (revision, 0)


def test_what_is_left_out_goes_and_what_others_put_there_stays(
    repository: Path, tmp_path: Path
) -> None:
    commit(repository, tmp_path / "cache")
    push_beside(repository, tmp_path / "theirs", f"{FOLDER}/notes.md")
    whole = tree()
    gone = next(one for one in whole.files if "/admission" in one.path)
    rest = replace(whole, files=tuple(one for one in whole.files if one != gone))
    before = files(repository)
    commit(repository, tmp_path / "cache", rest)
    assert before - files(repository) <= {f"{FOLDER}/{gone.path}"}
    assert f"{FOLDER}/notes.md" in files(repository)


def test_a_push_between_our_fetch_and_ours_is_kept(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmplat.adapters import git_repo

    commit(repository, tmp_path / "cache")
    really = git_repo._write
    raced: list[bool] = []

    def write(folder: Path, made: Tree) -> None:
        really(folder, made)
        if not raced:
            raced.append(True)
            push_beside(repository, tmp_path / "theirs", "README.md")

    monkeypatch.setattr(git_repo, "_write", write)
    whole = tree()
    changed = replace(
        whole,
        files=(*whole.files[:-1], replace(whole.files[-1], content=whole.files[-1].content + "\n")),
    )
    revision, count = commit(repository, tmp_path / "cache", changed)
    assert (git(repository, "rev-parse", "main"), count) == (revision, 1)
    assert "README.md" in files(repository)


def test_a_killed_run_leaves_nothing_in_the_way(repository: Path, tmp_path: Path) -> None:
    commit(repository, tmp_path / "cache")
    work = next((tmp_path / "cache" / "git").iterdir())
    (work / ".git" / "index.lock").touch()
    (work / "half.yaml").write_text("half written")
    revision, changed = commit(repository, tmp_path / "cache")
    assert (git(repository, "rev-parse", "main"), changed) == (revision, 0)


def test_a_repository_that_is_not_there_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="git fetch failed"):
        commit(tmp_path / "nowhere.git", tmp_path / "cache")
