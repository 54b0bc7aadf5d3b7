"""Bill of materials, provenance and bundle as their specifications want them."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from llmplat.adapters.signing_key import PemSigner, load_signer, load_verifier
from llmplat.domain.errors import InputError
from llmplat.domain.oci import Descriptor, Digest
from llmplat.pack.attach import make_documents
from llmplat.pack.described import About, Described, DescribedFile
from llmplat.pack.provenance import files_of, layers_of, make_provenance
from llmplat.pack.sbom import files_of_sbom, image_of_sbom, make_sbom
from llmplat.pack.signature import pre_authentication, read_bundle
from tests.fakes.signing import new_key, write_keys

LAYERS = (Digest.of(b"one"), Digest.of(b"two"))
FILES = (
    DescribedFile("config.json", 7, "a" * 64, LAYERS[0]),
    DescribedFile("model.safetensors", 9, None, LAYERS[1]),
)


def described(**facts: object) -> Described:
    about = About("r.test/team/model", **{"source": "hf://org/m", "revision": "c" * 40} | facts)
    layers = tuple(Descriptor("application/x-tar", digest, 3) for digest in LAYERS)
    return Described(about, Digest.of(b"image"), layers, FILES)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"licence": "apache-2.0", "are_hashes_computed": True},
        {"source": None, "revision": None},
        {"config": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}},
        {"source": "demo://d", "revision": "pypi:d==1", "base": "r.test/b@sha256:" + "0" * 64},
    ],
)
def test_the_bill_of_materials_is_valid_cyclonedx(facts: dict) -> None:
    """Judged by CycloneDX's own schema, not by ours."""
    text = json.dumps(make_sbom(described(**facts)))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_judge_can_say_no() -> None:
    broken = json.dumps(make_sbom(described()) | {"components": [{"type": "sausage"}]})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_what_the_documents_say_reads_back() -> None:
    image = described()
    sbom, provenance = make_sbom(image), make_provenance(image)
    assert (image_of_sbom(sbom), files_of_sbom(sbom)) == (image.digest, FILES)
    assert (layers_of(provenance), files_of(provenance)) == (LAYERS, FILES)


@pytest.mark.parametrize(("computed", "word"), [(True, "computed"), (False, "claimed")])
def test_a_hash_says_whether_it_was_computed(computed: bool, word: str) -> None:
    image = described(are_hashes_computed=computed)
    assert f'"sha256Is": "{word}"' in json.dumps(make_provenance(image))
    assert json.dumps({"name": "llmplat:sha256Is", "value": word}) in json.dumps(make_sbom(image))


@pytest.mark.parametrize(
    ("source", "revision", "dependency"),
    [
        ("hf://o/m", "c" * 40, {"uri": "hf://o/m", "digest": {"gitCommit": "c" * 40}}),
        ("oci://r/m", "sha256:" + "1" * 64, {"uri": "oci://r/m", "digest": {"sha256": "1" * 64}}),
        ("demo://d", "pypi:d==1", {"uri": "demo://d", "annotations": {"revision": "pypi:d==1"}}),
    ],
)
def test_the_source_is_pinned_in_its_own_way(source: str, revision: str, dependency: dict) -> None:
    made = make_provenance(described(source=source, revision=revision))
    assert made["buildDefinition"]["resolvedDependencies"] == [dependency]


def test_a_folder_leaves_no_trace_of_its_place() -> None:
    made = make_provenance(described(source=None, revision=None))
    assert made["buildDefinition"]["externalParameters"]["source"] == "folder"


@pytest.mark.parametrize("document", [{}, {"runDetails": []}, {"components": [{}]}])
def test_what_is_no_document_of_ours_is_a_plain_fault(document: dict) -> None:
    for read in (layers_of, files_of, image_of_sbom, files_of_sbom):
        with pytest.raises(ValueError, match="it is no"):
            read(document)


def test_the_pre_authentication_encoding_is_that_of_the_specification() -> None:
    """The example of the DSSE protocol's own page."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == expected


@given(st.binary(), st.binary(max_size=5))
def test_only_the_very_payload_is_signed(payload: bytes, other: bytes) -> None:
    signer = PemSigner(KEY)
    signature = signer.sign(pre_authentication("a/b", payload))
    message = pre_authentication("a/b", other)
    from llmplat.adapters.signing_key import PemVerifier

    assert PemVerifier(KEY.public_key()).is_signed(message, signature) is (payload == other)


KEY = new_key()


def test_a_bundle_has_the_form_that_sigstore_names() -> None:
    documents = make_documents(described(), PemSigner(KEY))
    bundle = json.loads(documents[-1].content)
    assert set(bundle) == {"mediaType", "verificationMaterial", "dsseEnvelope"}
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert len(base64.b64decode(bundle["verificationMaterial"]["publicKey"]["hint"])) == 32
    signed = read_bundle(documents[-1].content)
    assert json.loads(signed.payload)["predicateType"] == "https://sigstore.dev/cosign/sign/v1"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"dsseEnvelope": {"payload": "%"}}'])
def test_what_is_no_bundle_is_a_plain_fault(content: bytes) -> None:
    with pytest.raises(ValueError, match="it is no sigstore bundle"):
        read_bundle(content)


@pytest.mark.parametrize("key", [new_key(), ed25519.Ed25519PrivateKey.generate()])
def test_key_files_sign_and_check(tmp_path: Path, key: object) -> None:
    private, public = write_keys(tmp_path, key)
    signer, verifier = load_signer(private), load_verifier(public)
    assert signer.hint == verifier.hint
    assert signer.sign(b"m") == signer.sign(b"m")
    assert verifier.is_signed(b"m", signer.sign(b"m"))
    assert not verifier.is_signed(b"n", signer.sign(b"m"))
    assert not verifier.is_signed(b"m", b"nonsense")


def test_a_password_opens_a_key(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, password="open sesame")
    assert load_verifier(public).is_signed(b"m", load_signer(private, "open sesame").sign(b"m"))
    with pytest.raises(InputError) as caught:
        load_signer(private)
    assert "LLMPLAT_SIGNING_PASSWORD" in caught.value.fix[0]
    with pytest.raises(InputError, match="cannot be used"):
        load_signer(private, "wrong")


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())]
)
def test_other_algorithms_are_refused(tmp_path: Path, key: object) -> None:
    private, public = write_keys(tmp_path, key)
    for load in (load_signer, load_verifier):
        with pytest.raises(InputError) as caught:
            load(private if load is load_signer else public)
        assert "neither ECDSA P-256 nor Ed25519" in str(caught.value.why)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA==\n", "only cosign reads"),
        ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "takes the private one"),
        ("hello", "no private key in PEM"),
    ],
)
def test_files_that_are_no_private_key_say_what_they_are(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(InputError) as caught:
        load_signer(tmp_path / "k")
    assert why in str(caught.value.why)


def test_a_missing_key_file(tmp_path: Path) -> None:
    for load in (load_signer, load_verifier):
        with pytest.raises(InputError, match="cannot be used"):
            load(tmp_path / "absent")
