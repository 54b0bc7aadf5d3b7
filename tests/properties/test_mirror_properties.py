"""Laws of the names in a mirror: no two become one, twice is once, no digest is lost."""

from hypothesis import assume, given
from hypothesis import strategies as st

from llmplat.domain.mirror import MirrorPlace
from llmplat.domain.oci import Digest, Reference

_part = st.from_regex(r"[a-z0-9]{1,4}(?:[._-][a-z0-9]{1,3})?", fullmatch=True)
_hosts = st.from_regex(r"(?:[a-z0-9]{1,4}\.){1,2}[a-z]{2,3}(?::[0-9]{1,4})?", fullmatch=True)
_paths = st.lists(_part, min_size=1, max_size=3).map("/".join)
_digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(Digest)
_tags = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,8}", fullmatch=True)
references = st.builds(Reference, _hosts, _paths, st.none() | _tags, st.none() | _digests)
places = st.builds(MirrorPlace, _hosts, st.just("") | _paths)


@given(places, references, references)
def test_two_names_never_become_one(place: MirrorPlace, one: Reference, other: Reference) -> None:
    outside = [ref for ref in (one, other) if ref.registry != place.registry]
    assume(len(outside) == 2 and one != other)
    assert place.of(one) != place.of(other)


@given(places, references)
def test_twice_is_once_and_the_way_back_is_found(place: MirrorPlace, one: Reference) -> None:
    mapped = place.of(one)
    assert place.of(mapped) == mapped
    assert mapped.registry == place.registry
    if one.registry != place.registry:
        assert place.origin(mapped) == one


@given(places, references)
def test_tag_and_digest_are_kept(place: MirrorPlace, one: Reference) -> None:
    mapped = place.of(one)
    assert (mapped.tag, mapped.digest) == (one.tag, one.digest)
    assert Reference.parse(str(mapped)) == mapped


@given(places, _hosts, _paths)
def test_charts_of_both_kinds_stay_apart(place: MirrorPlace, host: str, path: str) -> None:
    assume(host != place.registry)
    web, oci = place.charts(f"https://{host}/{path}"), place.charts(f"oci://{host}/{path}")
    assert web != oci
    assert place.charts(web) == web
    assert place.charts(oci) == oci
