"""What differs between two trees, object by object."""

import pytest

from llmplat.domain.errors import InputError
from llmplat.domain.manifest import Manifest
from llmplat.render.dump import dump_yaml
from llmplat.render.tree_diff import TreeAct, diff_trees


def item(name, kind="ConfigMap", **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}, **more}


def files(*items, folder="x"):
    return [Manifest(f"{folder}/{i['metadata']['name']}.yaml", dump_yaml(i)) for i in items]


def test_the_same_trees_do_not_differ():
    assert diff_trees("t", files(item("a")), files(item("a"))).changes == ()


def test_an_object_that_moved_to_another_file_is_the_same():
    assert diff_trees("t", files(item("a")), files(item("a"), folder="y")).changes == ()


def test_added_and_removed_objects_are_named():
    changes = diff_trees("t", files(item("a")), files(item("b", kind="Secret"))).changes
    assert [(c.act, c.kind, c.namespace, c.name) for c in changes] == [
        (TreeAct.REMOVE, "/ConfigMap", "n", "a"),
        (TreeAct.ADD, "/Secret", "n", "b"),
    ]


def test_changes_are_told_by_their_path():
    spec = {"containers": [{"name": "one", "image": "x@1"}, {"name": "two", "image": "y"}]}
    after = {"containers": [{"name": "two", "image": "y"}, {"name": "one", "image": "x@2"}]}
    (change,) = diff_trees("t", files(item("a", spec=spec)), files(item("a", spec=after))).changes
    assert change.details == (
        "- spec.containers[one].image: x@1",
        "+ spec.containers[one].image: x@2",
    )


def test_long_texts_are_compared_line_by_line():
    before, after = item("a", data={"f": "one\ntwo\n"}), item("a", data={"f": "one\nthree\n"})
    (change,) = diff_trees("t", files(before), files(after)).changes
    assert change.details == ("  data.f:", "-two", "+three")


def test_numbers_and_texts_are_told_apart():
    (change,) = diff_trees("t", files(item("a", x=1)), files(item("a", x="1"))).changes
    assert change.details == ("- x: 1", "+ x: '1'")


def test_a_file_that_is_not_yaml_is_told():
    with pytest.raises(InputError, match=r"bad\.yaml is not YAML"):
        diff_trees("t", [Manifest("bad.yaml", "a: [")], [])
