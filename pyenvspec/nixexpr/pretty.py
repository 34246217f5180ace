"""Expr → Doc in the layout of RFC 166, as nixfmt prints it. Knows Nix; knows no widths.

Where nixfmt keeps what the writer chose (a set on one line or on several), sets are expanded.
Each expression is made a doc once, however many shapes its parent offers, so that work stays linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.nixexpr import quote
from pyenvspec.nixexpr.doc import (
    EMPTY,
    FILL_LINE,
    HARDLINE,
    LINE,
    MUST_BREAK,
    SOFTLINE,
    FirstFit,
    Hug,
    IfBroken,
    OneLine,
    concat,
    group,
    indent,
    join,
)
from pyenvspec.nixexpr.nodes import (
    Apply,
    AttrSet,
    Binding,
    BinOp,
    Bool,
    File,
    Float,
    Inherit,
    Int,
    InterpolatedStr,
    Lambda,
    Let,
    List,
    Null,
    Path,
    Pattern,
    Select,
    Str,
    Var,
)
from pyenvspec.nixexpr.precedence import Strength, flatten_chain, get_operand_strengths, get_strength
from pyenvspec.nixexpr.shape import (
    can_hug,
    find_list_pairs,
    is_absorbable,
    is_container,
    is_simple,
    split_call,
    split_string,
    to_spelled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyenvspec.nixexpr.doc import Doc
    from pyenvspec.nixexpr.nodes import AttrPath, Expr, Param

# nixfmt's own numbers: the result must be what it would print.
MAX_INLINE_INHERIT = 3
MAX_INLINE_PARAMS = 2
MAX_INLINE_ITEMS = 6
MAX_INLINE_HOLE = 30
MAX_INLINE_VARIABLES = 2


def to_doc(root: Expr | File) -> Doc:
    """A whole file, with its last line end."""
    header, body = (root.header, root.body) if isinstance(root, File) else ("", root)
    lines = [concat(line, HARDLINE) for line in quote.quote_comment(header)]
    return concat(*lines, HARDLINE if lines else EMPTY, group(_bare(body)), HARDLINE)


def _bare(expr: Expr, *, wide: bool = False) -> Doc:
    """`expr` without parentheses and not yet a group; `wide` expands a set that could go on one line."""
    match expr:
        case Str() | InterpolatedStr():
            return _string(expr)
        case AttrSet():
            return _attr_set(expr, wide=wide)
        case List():
            return _list(expr, LINE if len(expr.items) == 1 else HARDLINE)
        case Apply():
            return _application(expr)
        case Lambda():
            return _function(expr)
        case Let(entries, body):
            bound = indent(HARDLINE, _entries(entries))
            return concat("let", bound, HARDLINE, "in", HARDLINE, _body(body))
        case BinOp():
            return _operation(expr)
        case _:
            return _word(expr)


def _body(expr: Expr) -> Doc:
    """`expr` as the rest of something larger: what has no group of its own breaks along with that."""
    doc = _bare(expr)
    match expr:
        case AttrSet() | Let() | Lambda(Pattern()):
            return doc
        case _:
            return group(doc)


def _word(expr: Expr) -> Doc:
    """An expression that nixfmt rarely breaks."""
    match expr:
        case Path(names=names):
            path = quote.quote_path(names)
            return _bare(to_spelled(expr)) if path is None else concat(path)
        case Int(value) | Float(value):
            return concat(quote.quote_number(value))
        case Bool(value):
            return concat("true" if value else "false")
        case Null():
            return concat("null")
        case Var(name):
            return concat(name)
        case Select(target, path, default):
            is_dotted = isinstance(target, Var | Select) and get_strength(target) is Strength.ATOM
            base = _operand(target, Strength.ATOM) if is_dotted else group(_parenthesized(target))
            dotted = concat(base, ".", _attr_path(path))
            if default is None:
                return dotted
            return concat(dotted, FILL_LINE, "or ", _operand(default, Strength.ATOM))
        case _:
            raise TypeError(f"not a Nix expression: {expr!r}")


# --- parentheses ------------------------------------------------------------------------------


def _operand(expr: Expr, least: Strength) -> Doc:
    expr = to_spelled(expr)
    return _body(expr) if get_strength(expr) >= least else group(_parenthesized(expr))


def _parenthesized(expr: Expr) -> Doc:
    expr = to_spelled(expr)
    if is_absorbable(expr):
        return concat("(", group(_bare(expr)), ")")
    if isinstance(expr, Apply):
        return concat("(", _application(expr, in_parentheses=True), ")")
    return _own_lines(expr)


def _own_lines(expr: Expr) -> Doc:
    return concat("(", indent(SOFTLINE, group(_bare(expr))), SOFTLINE, ")")


# --- strings ----------------------------------------------------------------------------------


def _string(expr: Str | InterpolatedStr) -> Doc:
    texts, holes = split_string(expr)
    filled = [*map(_hole, holes), EMPTY]
    lines = quote.quote_indented(texts)
    if lines is None:
        plain = quote.quote_plain(texts)
        return concat('"', *(part for pair in zip(plain, filled, strict=True) for part in pair), '"')
    # Each line break of the text is one of the doc, so that Nix takes the indentation away again.
    parts: list[Doc | str] = [HARDLINE]
    for line, hole in zip(lines, filled, strict=True):
        parts += [join(HARDLINE, line.split("\n")), hole]
    return concat("''", indent(*parts), "''")


def _hole(expr: Expr) -> Doc:
    expr = to_spelled(expr)
    doc = group(_bare(expr))
    if is_container(expr):
        return concat("${", doc, "}")
    # nixfmt breaks no short hole, even where the line is too long then.
    if doc.width <= MAX_INLINE_HOLE or (is_simple(expr) and doc.width < MUST_BREAK):
        return concat("${", OneLine(doc), "}")
    return group("${", indent(SOFTLINE, doc), SOFTLINE, "}")


# --- sets, lists, bindings --------------------------------------------------------------------


def _attr_set(expr: AttrSet, *, wide: bool) -> Doc:
    if not expr.entries:
        return concat("{ }")
    is_inline = len(expr.entries) == 1 and (not wide or isinstance(expr.entries[0], Inherit))
    line = LINE if is_inline else HARDLINE
    return concat("{", indent(line, _entries(expr.entries)), line, "}")


def _list(expr: List, line: Doc) -> Doc:
    if not expr.items:
        return concat("[ ]")
    # A space parts items: `[ f x ]` is a list of two.
    docs = [group(_operand(item, Strength.ATOM)) for item in expr.items]
    return concat("[", indent(line, join(line, docs)), line, "]")


def _entries(entries: Sequence[Binding | Inherit]) -> Doc:
    """A line each, under the comment and the empty line that it asks for."""
    parts: list[Doc] = []
    for entry in entries:
        blank = HARDLINE if entry.blank_before and parts else EMPTY
        comment = (concat(note, HARDLINE) for note in quote.quote_comment(entry.comment))
        parts.append(concat(blank, *comment, group(_entry(entry))))
    return join(HARDLINE, parts)


def _entry(entry: Binding | Inherit) -> Doc:
    if isinstance(entry, Inherit):
        return _inherit(entry)
    path = concat(_attr_path(entry.path), " =")
    return concat(path, _value(entry.value), ";")


def _inherit(entry: Inherit) -> Doc:
    is_inline = len(entry.names) <= MAX_INLINE_INHERIT
    line, last = (LINE, SOFTLINE) if is_inline else (HARDLINE, HARDLINE)
    source = EMPTY if entry.source is None else concat(" ", group(_parenthesized(entry.source)))
    return concat("inherit", source, indent(line, join(line, list(entry.names)), last, ";"))


def _attr_path(path: AttrPath) -> Doc:
    return join(".", [quote.quote_name(p) if isinstance(p, str) else _hole(p) for p in path])


def _value(expr: Expr) -> Doc:
    """What stands right of `=` or `?`, with the space or line end before it."""
    expr = to_spelled(expr)
    match expr:
        case _ if is_absorbable(expr):
            return concat(" ", group(_bare(expr, wide=True)))
        case Str() | InterpolatedStr() | Path():
            return concat(" ", _bare(expr))
        case Apply():
            return _application(expr, leads=True)
        case BinOp(operator="++" | "//" | "+"):
            return _sum_value(expr)
        case _:
            return indent(LINE, group(_bare(expr)))


def _sum_value(expr: BinOp) -> Doc:
    operands = flatten_chain(expr)
    if is_container(operands[0]):
        return concat(" ", _operation(expr, wide=True))
    if len(operands) > 2 or not is_container(operands[1]):
        return indent(LINE, _operation(expr))
    left = _operand(operands[0], get_operand_strengths(expr.operator)[0])
    right = _bare(operands[1], wide=True)
    hug = Hug(concat(" ", left, f" {expr.operator} "), right, EMPTY)
    return FirstFit((hug,), indent(LINE, left, LINE, f"{expr.operator} ", group(right)))


# --- functions --------------------------------------------------------------------------------


def _pattern(pattern: Pattern) -> Doc:
    name = f"@{pattern.name}" if pattern.name else ""
    if not pattern.params:
        return concat("{ ... }" if pattern.ellipsis else "{ }", name)
    is_inline = len(pattern.params) <= MAX_INLINE_PARAMS and all(p.default is None for p in pattern.params)
    line = LINE if is_inline else HARDLINE
    params = join(concat(",", line), [_param(param) for param in pattern.params])
    # No comma may follow `...`; behind a last name on a line of its own nixfmt wants one.
    last = concat(",", line, "...") if pattern.ellipsis else IfBroken(",")
    return group("{", indent(line, params, last), line, "}", name)


def _param(param: Param) -> Doc:
    return concat(param.name) if param.default is None else group(param.name, " ?", _value(param.default))


def _function(expr: Lambda) -> Doc:
    """`{ a, ... }: body`, or `a: b: body` with all variables in one go."""
    if isinstance(expr.param, Pattern):
        rest = group(_bare(expr.body, wide=True)) if is_container(expr.body) else _body(expr.body)
        return concat(_pattern(expr.param), ":", LINE, rest)
    names: list[str] = []
    body: Expr = expr
    # `final: prev:` is one head, though to Nix two functions.
    while isinstance(body, Lambda) and isinstance(body.param, str):
        names.append(f"{body.param}:")
        body = body.body
    line = LINE if len(names) <= MAX_INLINE_VARIABLES else HARDLINE
    absorbs = is_absorbable(body)
    return concat(" ".join(names), " " if absorbs else line, group(_bare(body)) if absorbs else _body(body))


def _application(expr: Apply, *, leads: bool = False, in_parentheses: bool = False) -> Doc:
    """A call: on one line, else with one argument expanded in place, else one argument a line.

    `leads`: it starts with the space or line end after `=`.
    """
    function, args = split_call(expr)
    head = _operand(function, Strength.DEFAULT)
    docs = [*map(_argument, args[:-1]), _last_argument(args[-1])]
    space = " " if leads else ""
    start = concat(space, join(" ", [head, *docs[:-1]]), " ")
    # A call of a few words breaks in its last argument, or not at all.
    if is_simple(expr) and start.width < MUST_BREAK:
        return concat(OneLine(start), docs[-1])
    pairs = find_list_pairs(args)
    broken = head
    for i, doc in enumerate(docs[:-1]):
        if i + 1 in pairs:
            continue
        lists = (LINE, group(docs[i - 1])) if i in pairs else ()
        # Groups in groups: the first arguments stay on the line of the function while they fit.
        broken = group(broken, indent(*lists, LINE, group(doc)))
    ends_in_pair = len(args) - 1 in pairs
    broken = concat(broken, *(indent(LINE, group(doc)) for doc in docs[-1 - ends_in_pair :]))
    if in_parentheses:
        broken = concat(broken, SOFTLINE)
    hugs = tuple(_find_hugs(args, docs, concat(space, head), pairs))
    return FirstFit(hugs, indent(LINE, broken) if leads else broken)


def _find_hugs(args: list[Expr], docs: list[Doc], head: Doc, pairs: set[int]) -> Iterator[Hug]:
    """The ways to keep a call on one line but for one argument, nixfmt's first choice first."""
    for i in reversed(range(len(docs))):
        # A call in parentheses may not break where it opens, and what follows it would overflow.
        is_sure = i == len(docs) - 1 or docs[i].width >= MUST_BREAK or not isinstance(args[i], Apply)
        if can_hug(args[i]) and is_sure and not {i, i + 1} & pairs:
            before = concat(join(" ", [head, *docs[:i]]), " ")
            yield Hug(before, docs[i], concat(*(concat(" ", doc) for doc in docs[i + 1 :])))


def _argument(arg: Expr) -> Doc:
    """An argument before the last one."""
    if isinstance(arg, List) and len(arg.items) <= MAX_INLINE_ITEMS and all(map(is_simple, arg.items)):
        # In front of the last argument nixfmt leaves a short list of words on one line.
        return _list(arg, LINE)
    arg = to_spelled(arg)
    return _bare(arg) if get_strength(arg) is Strength.ATOM else _parenthesized(arg)


def _last_argument(arg: Expr) -> Doc:
    """The last argument; its brackets stay on the line of the call where they can."""
    arg = to_spelled(arg)
    match arg:
        case Lambda(str() as name, body) if is_container(body):
            return concat("(", name, ": ", _bare(body, wide=True), ")")
        case Apply(Var(name), (only,)) if is_container(only):
            return concat("(", name, " ", _bare(only, wide=True), ")")
        case _ if get_strength(arg) is Strength.ATOM:
            return _bare(arg)
        case _:
            return _own_lines(arg)


# --- operators --------------------------------------------------------------------------------


def _operation(expr: BinOp, *, wide: bool = False) -> Doc:
    """A run of one operator, an operand a line when broken; `wide` expands a set at its start."""
    first, *others = flatten_chain(expr)
    left, right = get_operand_strengths(expr.operator)
    head = _bare(first, wide=True) if wide else _operand(first, left)
    # Two operands only, and no group: they break with what is around them.
    if expr.operator in ("==", "!="):
        return concat(head, FILL_LINE, f"{expr.operator} ", _operand(others[0], right))
    return group(head, *(concat(LINE, expr.operator, _right_operand(other, right)) for other in others))


def _right_operand(expr: Expr, least: Strength) -> Doc:
    expr = to_spelled(expr)
    if get_strength(expr) < least:
        return concat(" ", _operand(expr, least))
    match expr:
        case BinOp():
            return group(indent(LINE, _bare(expr)))
        case Apply():
            return _application(expr, leads=True)
        case _:
            return concat(" ", group(_bare(expr)))
