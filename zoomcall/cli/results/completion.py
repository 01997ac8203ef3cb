"""Result of ``completion --install``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from zoomcall.domain.file_change import FileChange

Change = Literal["new", "changed", "unchanged"]


class CompletionFile(Struct, frozen=True, kw_only=True):
    """A file that a shell's completion needs."""

    path: Annotated[str, Meta(description="The file.")]
    change: Annotated[Change, Meta(description="What becomes of it, or would if it were written.")]
    lines: Annotated[
        tuple[str, ...], Meta(description="The lines added to it; empty if the whole file is zoomcall's.")
    ]

    @classmethod
    def of(cls, change: FileChange) -> Self:
        """Show a change."""
        word: Change = "unchanged" if not change.is_needed else "changed" if change.is_there else "new"
        return cls(path=str(change.path), change=word, lines=change.lines)


class CompletionResult(Struct, frozen=True, kw_only=True):
    """Result of `completion --install`."""

    shell: Annotated[str, Meta(description="The shell.")]
    is_written: Annotated[bool, Meta(description="Whether anything was written.")]
    files: Annotated[tuple[CompletionFile, ...], Meta(description="The files.")]
