"""Bash code of env.yaml: what is quoted how, and where a script's arguments go."""

from __future__ import annotations

import pytest

from pyenvspec.spec.bash import Arguments, find_arguments, parse_bash

NONE, DOUBLE, SINGLE = '"$PYENVSPEC_ROOT"', "${PYENVSPEC_ROOT}", "'\"$PYENVSPEC_ROOT\"'"


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        ("a ${project}/x", f"a {NONE}/x"),
        ('a "${project}/x" ${project}', f'a "{DOUBLE}/x" {NONE}'),
        ("a '${project}' ${project}", f"a '{SINGLE}' {NONE}"),
        ("a \\' ${project}", f"a \\' {NONE}"),
        ('a "\\" ${project}"', f'a "\\" {DOUBLE}"'),
        # A substitution begins anew with quotes, and ends with its own parenthesis.
        ('"$(a ${project} "${project}") ${project}"', f'"$(a {NONE} "{DOUBLE}") {DOUBLE}"'),
        ('"$( (a) ${project} ) ${project}"', f'"$( (a) {NONE} ) {DOUBLE}"'),
        ('"it\'s ${project}"', f'"it\'s {DOUBLE}"'),
        # A quote in a comment opens nothing; `#` begins one only where a word may begin.
        ("# don't\na ${project}", f"# don't\na {NONE}"),
        ("a; # it's\na ${project}", f"a; # it's\na {NONE}"),
        ("a $# b#c '${project}' ${#x} ${project}", f"a $# b#c '{SINGLE}' ${{#x}} {NONE}"),
        ('a "# it\'s" ${project}', f'a "# it\'s" {NONE}'),
        # `$'…'` has escapes, and a here-document no quotes.
        ("a $'it\\'s ${project}\\n' ${project}", f"a $'it\\'s {SINGLE[:-1]}$'\\n' {NONE}"),
        (
            "cat <<EOF\ndon't ${project}\nEOF\na ${project} '${project}'",
            f"cat <<EOF\ndon't {DOUBLE}\nEOF\na {NONE} '{SINGLE}'",
        ),
        ("cat <<-'E' > x\n\tit's\n\tE\na ${project}", f"cat <<-'E' > x\n\tit's\n\tE\na {NONE}"),
        ("a $((1 << 2)) <<< 'x'\na ${project}", f"a $((1 << 2)) <<< 'x'\na {NONE}"),
        # No closing brace: bash's to tell.
        ("a ${project", "a ${project"),
    ],
)
def test_the_project_is_quoted_as_it_stands(code: str, becomes: str) -> None:
    assert parse_bash(code) == ((becomes,), ())


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("python train.py", Arguments.APPENDED),
        ("cd x && python train.py", Arguments.APPENDED),
        ("python $(a $(b) c) d", Arguments.APPENDED),
        ("python '$1'", Arguments.APPENDED),
        ("python $'$1'", Arguments.APPENDED),
        ("python a # it's $1", Arguments.REFUSED),
        ("# of $1\npython a", Arguments.REFUSED),
        ('python "$1"', Arguments.OWN),
        ("python a; python b", Arguments.REFUSED),
        ("python a | b", Arguments.REFUSED),
        ("python $(a; (b))", Arguments.REFUSED),
        ("(python a)", Arguments.REFUSED),
        ("if a; then b; fi", Arguments.REFUSED),
    ],
)
def test_where_arguments_go(code: str, arguments: Arguments) -> None:
    assert find_arguments(code) is arguments


def test_code_of_a_megabyte_ends_however_it_is_nested() -> None:
    depth = 200_000
    assert find_arguments("a " + "$(" * depth + ")" * depth) is Arguments.APPENDED
    assert find_arguments("a " + "$((" * depth) is Arguments.REFUSED
    assert parse_bash('"' + "$(" * depth + "${project}") == (('"' + "$(" * depth + NONE,), ())
    lines = "".join(f"a <<w{n}\n" for n in range(depth // 2))
    assert parse_bash(lines + "${project}") == ((lines + NONE,), ())
