"""Turns the command tree into completion scripts that need no Python at the press of TAB."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Option:
    """One option: its spellings, its help and the words it takes."""

    names: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """One command with its options and subcommands; `words` are its fixed arguments."""

    name: str
    help: str
    options: tuple[Option, ...]
    children: tuple["Node", ...] = field(default=())
    words: tuple[str, ...] = ()


def make_node(name: str, command: Any, help_line: str, words: tuple[str, ...] = ()) -> Node:  # noqa: ANN401 (Typer's command classes are private)
    """The node of a loaded Typer command."""
    children = getattr(command, "commands", None) or {}
    options = tuple(_option(p) for p in command.params if p.param_type_name == "option")
    return Node(
        name,
        help_line,
        (*options, Option(("-h", "--help"), "Show the help.", takes_value=False)),
        tuple(make_node(key, child, _first_line(child.help)) for key, child in children.items()),
        words,
    )


def script(shell: str, root: Node) -> str:
    """The completion script of `shell` (bash, zsh or fish) for the tree under `root`."""
    makers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    return "\n".join(makers[shell](root)) + "\n"


def _option(parameter: Any) -> Option:  # noqa: ANN401 (as above)
    takes_value = not getattr(parameter, "is_flag", False)
    choices = getattr(parameter.type, "choices", None) if hasattr(parameter, "type") else None
    if choices is None and hasattr(parameter, "type_descriptor"):
        choices = parameter.type_descriptor.choices
    words = tuple(str(getattr(choice, "value", choice)) for choice in choices or ())
    names = (*parameter.opts, *parameter.secondary_opts)
    return Option(names, _first_line(parameter.help), takes_value, words)


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def _walk(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    yield path, node
    for child in node.children:
        yield from _walk(child, (*path, child.name))


def _bash(root: Node) -> Iterator[str]:
    name = root.name
    yield f"# {name} completion for bash: source it, or put it into bash-completion's folder."
    yield f"_{name}() {{"
    yield '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path="" word index'
    yield "    COMPREPLY=()"
    yield "    for ((index = 1; index < COMP_CWORD; index++)); do"
    yield '        word="${COMP_WORDS[index]}"'
    yield '        case "$path $word" in'
    known = "|".join(f'"{_key(path)}"' for path, _ in _walk(root) if path)
    yield f'            {known}) path="${{path:+$path }}$word" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$path $prev" in'
    for path, node in _walk(root):
        yield from _bash_values(path, node)
    yield "    esac"
    yield '    case "$path" in'
    for path, node in _walk(root):
        names = [name for option in node.options for name in option.names if name != "-h"]
        words = " ".join([*(child.name for child in node.children), *node.words, *names])
        yield f'        "{" ".join(path)}") COMPREPLY=($(compgen -W "{words}" -- "$cur")) ;;'
    yield "    esac"
    yield "}"
    yield f"complete -o default -F _{name} {name}"


def _bash_values(path: tuple[str, ...], node: Node) -> Iterator[str]:
    for option in node.options:
        if not option.takes_value:
            continue
        cases = "|".join(
            f'"{_key((*path, name)) if path else " " + name}"' for name in option.names
        )
        reply = f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$cur"))'
        yield f"        {cases}) {reply if option.choices else 'COMPREPLY=()'}; return ;;"


def _key(path: tuple[str, ...]) -> str:
    """How bash sees "path word": the path so far, a blank, the word."""
    return f"{' '.join(path[:-1])} {path[-1]}"


def _zsh(root: Node) -> Iterator[str]:
    name = root.name
    yield f"#compdef {name}"
    yield f"# {name} completion for zsh: put it as _{name} into a folder of $fpath."
    yield f"_{name}() {{"
    yield '    local at="" word'
    yield "    local -a found"
    yield "    for word in ${words[2,CURRENT-1]}; do"
    yield '        case "$at $word" in'
    known = "|".join(f"'{_key(path)}'" for path, _ in _walk(root) if path)
    yield f'            {known}) at="${{at:+$at }}$word" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$at ${words[CURRENT-1]}" in'
    for path, node in _walk(root):
        yield from _zsh_values(path, node)
    yield "    esac"
    yield '    case "$at" in'
    for path, node in _walk(root):
        entries = [(child.name, child.help) for child in node.children]
        entries += [(word, "") for word in node.words]
        entries += [(name, option.help) for option in node.options for name in option.names]
        described = " ".join(_zsh_quote(word, text) for word, text in entries)
        yield f"        '{' '.join(path)}') found=({described}) ;;"
    yield "    esac"
    yield f"    _describe -o '{name}' found"
    yield "}"
    yield f'if [ "$funcstack[1]" = "_{name}" ]; then _{name} "$@"; else compdef _{name} {name}; fi'


def _zsh_values(path: tuple[str, ...], node: Node) -> Iterator[str]:
    for option in node.options:
        if not option.takes_value:
            continue
        cases = "|".join(
            f"'{_key((*path, name)) if path else ' ' + name}'" for name in option.names
        )
        act = f"compadd -- {' '.join(option.choices)}" if option.choices else "_files"
        yield f"        {cases}) {act}; return ;;"


def _zsh_quote(word: str, text: str) -> str:
    plain = text.replace("'", "").replace(":", " -")
    return f"'{word}:{plain}'" if plain else f"'{word}'"


def _fish(root: Node) -> Iterator[str]:
    name = root.name
    yield f"# {name} completion for fish: put it into ~/.config/fish/completions/{name}.fish"
    yield f"complete -c {name} -f"
    tops = " ".join(child.name for child in root.children)
    for path, node in _walk(root):
        condition = _fish_condition(path, node, tops)
        for child in node.children:
            yield f"complete -c {name} -n '{condition}' -a {child.name} -d '{_fish_text(child.help)}'"
        for word in node.words:
            yield f"complete -c {name} -n '{condition}' -a {word}"
        for option in node.options:
            yield f"complete -c {name} -n '{_fish_seen(path, tops)}' {_fish_option(option)}"


def _fish_seen(path: tuple[str, ...], tops: str) -> str:
    if not path:
        return f"not __fish_seen_subcommand_from {tops}"
    return "; and ".join(f"__fish_seen_subcommand_from {word}" for word in path)


def _fish_condition(path: tuple[str, ...], node: Node, tops: str) -> str:
    seen = _fish_seen(path, tops)
    if not path or not node.children:
        return seen
    below = " ".join(child.name for child in node.children)
    return f"{seen}; and not __fish_seen_subcommand_from {below}"


def _fish_option(option: Option) -> str:
    spelled = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    value = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r -F"
    tail = value if option.takes_value else ""
    return f"{' '.join(spelled)}{tail} -d '{_fish_text(option.help)}'"


def _fish_text(text: str) -> str:
    return text.replace("'", "")
