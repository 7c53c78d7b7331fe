"""What all commands have in common: how their help looks, and former spellings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose help names no types where there is nothing to say."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.help = _unfolded(self.help or "")

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments."""
        return _with_fewer_types(super().get_params(ctx))


class Group(TyperGroup):
    """The same for a group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options."""
        return _with_fewer_types(super().get_params(ctx))


class Commands(typer.Typer):
    """Some commands, whose help is `-h` as well.

    Args:
        former: the words of today by those of earlier versions, which still work: names of
            commands, and of options without their dashes. The help shows today's alone.
        options: as `typer.Typer` takes them.
    """

    def __init__(self, former: Mapping[str, str] | None = None, **options: Any) -> None:
        settings: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
        if former:
            settings["token_normalize_func"] = lambda word: former.get(word, word)
        options.setdefault("cls", Group)
        super().__init__(context_settings=settings, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Return what makes a command of a function: see `typer.Typer.command`."""
        return super().command(name, cls=Command, **options)


def _unfolded(text: str) -> str:
    """Return paragraphs of one line each, which typer folds to fit the terminal."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _with_fewer_types(params: list[Any]) -> list[Any]:
    """Return parameters: flags without a type, and arguments without one beside their name."""
    for param in params:
        if isinstance(param, TyperArgument):
            param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
        elif getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params
