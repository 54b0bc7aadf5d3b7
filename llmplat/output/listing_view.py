"""Turns a list of the catalogue into lines."""

from collections.abc import Iterator, Sequence

from llmplat.catalog.listing import Listing
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(listing: Listing, theme: Theme) -> Iterator[str]:
    rows = [[theme.title(item.name), item.title, theme.dim(item.detail)] for item in listing.items]
    yield from columns(rows)


def _plain(listing: Listing) -> Iterator[Sequence[object]]:
    for item in listing.items:
        yield item.name, item.title, item.detail, item.source, item.as_of


LISTING: View[Listing] = View("List", _human, _plain)
