"""Turns states and emphasis into coloured or bare text: a glyph and a word, never colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

_STATES: dict[str, tuple[str, str, str]] = {
    # state: (glyph, ascii fallback, colour)
    "ok": ("✔", "+", "green"),
    "failed": ("✘", "x", "red"),
    "warning": ("▲", "!", "yellow"),
    "running": ("●", "*", "green"),
    "waiting": ("◌", "o", "yellow"),
    "stopped": ("■", "-", "dim"),
    "skipped": ("○", "-", "dim"),
    "unknown": ("?", "?", "yellow"),
    "next": ("→", ">", "cyan"),
}

_DIFFERENCES = {"+": "green", "-": "red"}


@dataclass(frozen=True)
class Theme:
    """How one stream is written: with or without colour, with or without glyphs beyond ASCII."""

    color: bool = False
    glyphs: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """`text` in the named styles (bold, dim, red, green, yellow, cyan), bare without colour."""
        if not self.color or not styles or not text:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def glyph(self, state: str) -> str:
        """The sign of `state`; an unknown state gets the question mark."""
        fancy, ascii_sign, colour = _STATES.get(state, _STATES["unknown"])
        return self.paint(fancy if self.glyphs else ascii_sign, colour)

    def state(self, state: str, word: str | None = None) -> str:
        """Sign and word of `state`, for instance "✔ ok"; `word` replaces the state's own name."""
        colour = _STATES.get(state, _STATES["unknown"])[2]
        return f"{self.glyph(state)} {self.paint(word or state, colour)}"

    def title(self, text: str) -> str:
        """`text` as the head of a block."""
        return self.paint(text, "bold")

    def difference(self, line: str) -> str:
        """`line` of a difference, by its first sign: + is green, - is red."""
        colour = _DIFFERENCES.get(line[:1])
        return self.paint(line, colour) if colour else line

    def dim(self, text: str) -> str:
        """`text` stepping back."""
        return self.paint(text, "dim")


def theme_of(stream: TextIO, env: Mapping[str, str], *, color: bool) -> Theme:
    """The theme `stream` can show; NO_COLOR, TERM=dumb and `color=False` always win."""
    encoding = (getattr(stream, "encoding", None) or "ascii").lower()
    barred = not color or bool(env.get("NO_COLOR")) or env.get("TERM") == "dumb"
    wanted = bool(env.get("FORCE_COLOR")) or is_terminal(stream)
    return Theme(color=wanted and not barred, glyphs=encoding.startswith("utf"))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads `stream`; a closed stream has no reader."""
    try:
        return stream.isatty()
    except ValueError:
        return False
