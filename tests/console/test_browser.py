"""The console in a real headless Chromium: by keyboard, on a narrow screen, dark, and without a word to outside."""

import re
from urllib.parse import urlsplit

import pytest
from browser import CHROMIUM, WHY_NOT, open_browser, sign_in

pytestmark = [pytest.mark.enable_socket, pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)]

WEIGHT_BYTES = 200_000
PAGES = ("/models", "/tenants/red")


@pytest.fixture(scope="module")
def browser():
    with open_browser() as made:
        yield made


@pytest.fixture
def page(browser):
    """A page of a browser of its own; any fault in its console or foreign request fails the test."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(90_000)
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: said.append(one.url) if _is_foreign(one.url) else None)
    yield page
    context.close()
    assert said == []


def _is_foreign(url: str) -> bool:
    return urlsplit(url).hostname != "127.0.0.1"


def _press_to(page, name: str, role: str, *, at_most: int = 40) -> None:
    """Tab until the thing of that name has the focus."""
    wanted = page.get_by_role(role, name=name).first
    for _ in range(at_most):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{role} {name!r} is not reached by Tab")


def test_signs_in_makes_a_key_and_signs_out_by_keyboard_alone(world, page):
    page.goto(f"{world.url}/sign-in")
    page.wait_for_function("document.activeElement.name === 'key'")  # without a click
    page.keyboard.type(world.red)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tenants/red")
    _press_to(page, "New key for web", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new-key")
    _press_to(page, "The key", "textbox")
    assert page.evaluate("document.activeElement.value").startswith("sk-llmplat-")
    _press_to(page, "To red's page", "link")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tenants/red")
    _press_to(page, "Withdraw", "button")
    page.keyboard.press("Enter")
    page.get_by_text("is withdrawn").wait_for()
    _press_to(page, "Sign out", "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")


def test_the_first_tab_skips_to_the_content(world, page):
    sign_in(page, world.url, world.red)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#main$"))


def test_the_key_is_copied_by_button_and_gone_on_reload_and_on_going_back(world, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=world.url)
    sign_in(page, world.url, world.red)
    page.get_by_role("button", name="New key for web").click()
    page.wait_for_url("**/new-key")
    shown = page.get_by_label("The key").input_value()
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    page.get_by_role("link", name="To red's page").click()
    page.wait_for_url("**/tenants/red")
    page.go_back()
    page.wait_for_url("**/new-key")
    assert shown not in page.content()
    page.reload()
    assert shown not in page.content()
    assert page.get_by_text("was shown before").count() == 1


def test_a_key_is_revoked_by_its_own_button(world, page):
    world.gateway.add_key("red", "web", id="k-button01")
    sign_in(page, world.url, world.red)
    page.locator("summary", has_text="k-button01").click()
    page.get_by_role("button", name="Revoke k-button01 now").click()
    page.get_by_text("k-button01 is revoked.").wait_for()
    row = page.locator("tr", has_text="k-button01").first
    assert "revoked" in row.inner_text()


@pytest.mark.parametrize("path", ["/sign-in", *PAGES])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_narrow_screen(world, page, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    if path != "/sign-in":
        sign_in(page, world.url, world.red)
    page.goto(world.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # What is pressed is large enough for a finger: 24 px is WCAG 2.2's least.
    low = page.evaluate(
        "[...document.querySelectorAll('button, select, input:not([type=hidden]), nav a, summary')]"
        ".filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().height)"
    )
    assert min(low) >= 24


@pytest.mark.parametrize("path", ["/sign-in", *PAGES])
def test_every_field_has_a_label_and_every_table_its_heads(world, page, path):
    if path != "/sign-in":
        sign_in(page, world.url, world.red)
    page.goto(world.url + path)
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), select, meter')]"
        ".filter(one => !one.labels.length).length"
    )
    assert nameless == 0
    assert page.evaluate("[...document.querySelectorAll('th')].every(one => one.scope)")
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/sign-in", *PAGES])
def test_words_stand_out_from_their_ground(world, page, path, scheme):
    """WCAG AA: 4.5 to 1, for every piece of text that is shown."""
    page.emulate_media(color_scheme=scheme)
    if path != "/sign-in":
        sign_in(page, world.url, world.red)
    page.goto(world.url + path)
    found = page.evaluate(_COLOURS)
    weak = {text: ratio for text, ink, ground in found if (ratio := _contrast(ink, ground)) < 4.5}
    assert found
    assert weak == {}


_COLOURS = """() => {
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  return [...document.querySelectorAll('body *')]
    .filter(one => one.checkVisibility() && [...one.childNodes].some(c => c.nodeType === 3 && c.data.trim()))
    .filter(one => !one.closest('svg, meter'))
    .map(one => [one.textContent.trim().slice(0, 40), getComputedStyle(one).color, ground(one)]);
}"""


def _contrast(ink: str, ground: str) -> float:
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_little_and_asks_nobody_outside(world, page, path):
    sign_in(page, world.url, world.red)
    page.goto(world.url + path, wait_until="networkidle")
    sizes = page.evaluate(
        "['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
        ".map(one => one.decodedBodySize)"
    )
    assert len(sizes) > 1
    assert 0 < sum(sizes) <= WEIGHT_BYTES


def test_the_catalogue_keeps_itself_fresh(world, page):
    sign_in(page, world.url, world.red)
    page.goto(f"{world.url}/models")
    before = page.locator("time").inner_text()
    page.wait_for_function("old => document.querySelector('time').innerText !== old", arg=before)


def test_injected_code_does_not_run(world, browser):
    """Even where markup got in, the policy of the page runs nothing that is not the console's file."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{world.url}/sign-in")
    ran = page.evaluate(
        "() => new Promise(done => {"
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s); setTimeout(() => done(window.hit === 1), 200); })"
    )
    context.close()
    assert not ran


def test_another_tenant_s_page_is_not_there(world, page):
    sign_in(page, world.url, world.red)
    answer = page.context.request.get(f"{world.url}/tenants/blue")
    assert answer.status == 404
    assert "k-blue" not in answer.text()
