"""Print what tree-sitter cannot read of a Groovy file; run by the Python of .venv-recipes."""

import sys
from pathlib import Path

import tree_sitter
import tree_sitter_groovy


def main() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    waiting = [parser.parse(Path(sys.argv[1]).read_bytes()).root_node]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children)
        if node.is_error or node.is_missing:
            what = "missing" if node.is_missing else "error at"
            sys.stdout.write(f"line {node.start_point[0] + 1}: {what} {node.text!r}\n")


if __name__ == "__main__":
    main()
