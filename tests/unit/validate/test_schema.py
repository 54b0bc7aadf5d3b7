"""Kubernetes' rules for structural schemas, on small schemas and on the real ones."""

import pytest

from llmplat.validate.documents import Document
from llmplat.validate.kinds import Kind, Kinds, Unknown
from llmplat.validate.schema import Compiler

OPEN = {"x-kubernetes-preserve-unknown-fields": True}
TEXT = {"type": "string"}
KINDS = Kinds("1.36")


def faults(schema, value, definitions=None):
    return [f"{f.path}: {f.what}" for f in Compiler(definitions or {}).compile(schema)(value) or ()]


def obj(**properties):
    return {"type": "object", "properties": properties}


GOOD = [
    (obj(a=TEXT), {"a": "x"}),
    (obj(a=TEXT), {"a": None}),
    (obj(a=TEXT), {}),
    ({**obj(a=TEXT), **OPEN}, {"b": 1}),
    ({"type": "object", "additionalProperties": TEXT}, {"any": "x"}),
    ({"type": "object", "additionalProperties": True}, {"any": 1}),
    ({"x-kubernetes-int-or-string": True}, 1),
    ({"x-kubernetes-int-or-string": True}, "1"),
    ({"type": "integer"}, 1.0),
    ({"type": "number"}, 1),
    ({**obj(a={**TEXT, "nullable": True}), "required": ["a"]}, {"a": None}),
    ({"type": "object", "properties": {"a": {**TEXT, "default": "x"}}, "required": ["a"]}, {}),
    ({"type": "array", "items": obj(k=TEXT), "x-kubernetes-list-map-keys": ["k"]}, [{"k": "a"}, {"k": "b"}]),
    ({"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "bc"),
    ({"type": "string", "enum": ["a"]}, "a"),
    ({**obj(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": "x"}),
    ({**obj(a=obj(b=TEXT)), "not": {"required": ["c"]}}, {"a": {"b": "x"}}),
    ({"type": "object", "x-kubernetes-embedded-resource": True, **OPEN}, {"apiVersion": "v1", "kind": "X", "z": 1}),
]  # fmt: skip
BAD = [
    (obj(a=TEXT), {"b": "x"}, "('b',): there is no field"),
    (obj(a=TEXT), {"a": 1}, "('a',): must be a text"),
    (obj(a=TEXT), [], "(): must be keys with values"),
    (obj(a=obj(b=TEXT)), {"a": {"b": True}}, "('a', 'b'): must be a text, found true"),
    (obj(), {"a": 1}, "('a',): there is no field"),
    ({**obj(a=TEXT), "required": ["a"]}, {}, '(): the field "a" is missing'),
    ({**obj(a=TEXT), "required": ["a"]}, {"a": None}, '(): the field "a" is missing'),
    ({"type": "integer"}, "1", "(): must be a whole number"),
    ({"type": "integer"}, True, "(): must be a whole number"),
    ({"type": "integer"}, 1.5, "(): must be a whole number"),
    ({"type": "boolean"}, "true", "(): must be true or false"),
    ({"x-kubernetes-int-or-string": True}, True, "(): must be a number or a text"),
    ({"type": "array", "items": TEXT}, ["a", 1], "(1,): must be a text"),
    ({"type": "array", "items": TEXT}, [None], "(0,): must be a text"),
    ({"type": "array", "items": obj(k=TEXT), "x-kubernetes-list-map-keys": ["k"]}, [{"k": "a"}, {"k": "a"}], "(1,): an entry with the same k"),
    ({"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}, ["a", "a"], "(1,): an entry with the same value"),
    ({"type": "string", "maxLength": 2}, "abc", "at most 2 characters"),
    ({"type": "array", "items": TEXT, "minItems": 1}, [], "at least 1 entries"),
    ({"type": "string", "pattern": "^a+\\Z"}, "ab", "must match"),
    ({"type": "string", "enum": ["a", "b"]}, "c", "must be one of a, b"),
    ({"type": "integer", "minimum": 1, "maximum": 3}, 4, "at most 3"),
    ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "more than 1"),
    ({"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "c", "none of the alternatives"),
    ({**obj(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": "x", "b": "y"}, "exactly one"),
    ({"type": "string", "not": {"pattern": "^a"}}, "ab", "not allowed"),
    ({"type": "object", "x-kubernetes-embedded-resource": True, **OPEN}, {"kind": "X"}, '"apiVersion" is missing'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (TEXT, ["('a',): must be a text, found nothing"]),
        (obj(b=TEXT), ["('a',): must be keys with values, found nothing"]),
        ({**TEXT, "nullable": True}, []),
        ({**TEXT, "default": "x"}, []),
        (OPEN, []),
    ],
)
def test_null_in_a_custom_kind_is_refused_where_a_server_side_apply_would_refuse_it(field, found):
    check = Compiler({}, is_null_absent=False).compile(obj(a=field))
    assert [f"{f.path}: {f.what}" for f in check({"a": None}) or ()] == found
    assert faults(obj(a=field), {"a": None}) == []


@pytest.mark.parametrize(("schema", "value"), GOOD)
def test_what_fits_has_no_faults(schema, value):
    assert faults(schema, value) == []


@pytest.mark.parametrize(("schema", "value", "words"), BAD)
def test_what_does_not_fit_is_told_with_its_place(schema, value, words):
    assert words in " ".join(faults(schema, value))


def test_all_faults_are_told_at_once():
    schema = {**obj(a=TEXT, b={"type": "integer"}), "required": ["c"]}
    assert len(faults(schema, {"a": 1, "b": "x", "d": 2})) == 4


def test_a_schema_may_contain_itself():
    definitions = {"tree": obj(name=TEXT, children={"type": "array", "items": {"$ref": "tree"}})}
    value = {"name": "a", "children": [{"name": "b", "children": [{"name": 1}]}]}
    assert faults({"$ref": "tree"}, value, definitions) == [
        "('children', 0, 'children', 0, 'name'): must be a text, found the number 1"
    ]


def check(value):
    found = KINDS.find(value["apiVersion"], value["kind"])
    return [f.what for f in found.check(value) or ()] if isinstance(found, Kind) else found


def test_the_real_pod():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"a": "b"}},
           "spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"cpu": 1.5, "memory": "1Gi"}},
                    "livenessProbe": {"httpGet": {"port": "http"}}}]}}  # fmt: skip
    assert check(pod) == []
    pod["spec"]["containers"][0]["ports"] = [{"containerPort": "80"}]
    assert check(pod) == ['must be a whole number, found the text "80"']


def test_the_metadata_of_a_custom_object_is_checked_too():
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "LocalQueue",
             "metadata": {"name": "a", "labelz": {}}, "spec": {"clusterQueue": "a"}}  # fmt: skip
    assert check(queue) == ['there is no field "labelz" here']


@pytest.mark.parametrize(
    ("api_version", "kind", "why"),
    [
        ("external-secrets.io/v1beta1", "ExternalSecret", Unknown.VERSION),
        ("keda.sh/v1alpha1", "ScaledObjekt", Unknown.KIND),
        ("apps/v1", "Deploymnet", Unknown.KIND),
        ("apps/v1beta2", "Deployment", Unknown.VERSION),
        ("policy/v1beta1", "PodSecurityPolicy", Unknown.VERSION),
        ("inference.networking.x-k8s.io/v1alpha2", "InferenceObjective", Unknown.VERSION),
        ("example.com/v1", "Thing", Unknown.GROUP),
    ],
)
def test_why_a_kind_is_unknown(api_version, kind, why):
    assert KINDS.find(api_version, kind) is why


def test_a_crd_of_the_tree_is_known():
    crd = {"kind": "CustomResourceDefinition", "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing"},
        "versions": [{"name": "v1", "schema": {"openAPIV3Schema": obj(spec=obj(size={"type": "integer"}))}}]}}  # fmt: skip
    kinds = Kinds("1.36", [Document("crd.yaml", 0, crd)])
    found = kinds.find("example.com/v1", "Thing")
    assert isinstance(found, Kind)
    thing = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": {"size": "l"},
    }
    assert [f.path for f in found.check(thing) or ()] == [("spec", "size")]
    assert kinds.find("example.com/v2", "Thing") is Unknown.VERSION


@pytest.mark.parametrize("version", ["1.33", "1.34", "1.35", "1.36"])
def test_every_shipped_schema_compiles_and_takes_an_empty_object(version):
    kinds = Kinds(version)
    for name in kinds.known(""):
        api_version, _, kind = name.rpartition("/")
        found = kinds.find(api_version, kind)
        assert isinstance(found, Kind)
        found.check({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}})
