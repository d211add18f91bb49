"""The command ``crnn``: one name for the commands of the packages.

Each command is a module with ``build_parser(prog)`` and ``main(argv, prog)``, which is imported when it is named: so
``crnn --help`` is instant, and a command needs the packages of its own extra alone. Completion comes from shtab, which
writes a script for a shell once, so that no Python starts when a key is pressed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from crnn import __version__
from crnn.console import run

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


@dataclass(frozen=True)
class Command:
    """A command: the module that does it, what it does, and the extra of the package that it needs."""

    module: str
    help: str
    extra: str = ""


NO_EXTRA = ("matplotlib",)  # packages that a command can use and its extra does not bring
COMMANDS = {
    "read": Command("crnn.inference.demo", "read pictures: lines and whole pages"),
    "serve": Command("crnn.server.__main__", "read pictures over HTTP, with a page to drop them on", "serve"),
    "cluster": Command("crnn.cluster.__main__", "read very many pictures on many cores, to Parquet", "cluster"),
    "unpack": Command("crnn.dataset.__main__", "unpack the archives of a data set", "train"),
    "train": Command("crnn.training.__main__", "train on your pictures, a data set, or lines it draws", "train"),
    "check": Command("crnn.dataset.validation", "look at every label and image of a data set"),
    "evaluate": Command("crnn.evaluation.__main__", "measure how well weights read", "train"),
    "synthesize": Command("crnn.synthesis.__main__", "draw lines of text, as a data set or a preview", "train"),
    "export": Command("crnn.tools.export", "write the network as ONNX or SavedModel for other programs", "train"),
    "benchmark": Command("crnn.tools.benchmark_inference", "measure how fast reading is on this machine", "train"),
}


def entry() -> int:
    """Run the command as a program: turn signals into messages; return its exit status."""
    return run(main)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] not in COMMANDS:
        options = build_parser().parse_args(argv)
        return print_completion(options.shell)
    name, *rest = argv
    command = COMMANDS[name]
    try:
        return import_module(command.module).main(rest, f"crnn {name}")
    except ModuleNotFoundError as error:
        in_extra = command.extra and error.name not in NO_EXTRA
        extra = f" pip install 'crnn[{command.extra}]'" if in_extra else f" pip install {error.name}"
        print(f"crnn {name} needs {error.name}, which is not installed:{extra}", file=sys.stderr)
        return 2


def build_parser(whole: bool = False) -> argparse.ArgumentParser:
    """Return the parser of the command.

    Args:
        whole: import every command and add its options; else there are their names and what they do.
    """
    parser = argparse.ArgumentParser(prog="crnn", description="Read printed lines of Chinese, English or both.")
    parser.add_argument("--version", action="version", version=f"crnn {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        parents = [import_module(command.module).build_parser(f"crnn {name}")] if whole else []
        commands.add_parser(name, help=command.help, parents=parents, add_help=not whole)
    completion = commands.add_parser("completion", help="print a script that completes this command in a shell")
    completion.add_argument("shell", choices=SHELLS)
    return parser


def print_completion(shell: str) -> int:
    """Print a completion script; return the exit status."""
    try:
        import shtab

        parser = build_parser(whole=True)
    except ModuleNotFoundError as error:
        print(f"completion needs {error.name}, which is not installed: pip install {error.name}", file=sys.stderr)
        return 2
    for action in _actions(parser):
        if action.type is Path or action.metavar == "PATH":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """List the arguments of a parser and of its commands."""
    actions = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            actions += [one for choice in action.choices.values() for one in _actions(choice)]
    return actions
