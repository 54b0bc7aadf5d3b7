"""The page of proofs says what the tests hold, and the catalogue names the versions they run."""

from llmplat.catalog.load import load_catalog
from tests.cluster.plane.rendered import rendered_kinds
from tests.cluster.plane.variants import variant_kinds
from tests.cluster.proof import CONTROLLERS, HOME, PAGE, WRITTEN_FOR, make_page, version_of


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == make_page(), "run python -m tests.cluster.proof"


def test_what_is_said_to_be_checked_is_rendered() -> None:
    groups = {group for group, _ in rendered_kinds() | variant_kinds()}
    assert set(WRITTEN_FOR.values()) <= groups


def test_the_catalogue_names_the_version_that_ran() -> None:
    components = load_catalog(HOME).components
    for name, module in CONTROLLERS.items():
        pin = components[name].version
        assert pin is not None
        ran = version_of(module).lstrip("v")
        assert ran in {(pin.proven or "").lstrip("v"), (pin.app or pin.pinned).lstrip("v")}, name
