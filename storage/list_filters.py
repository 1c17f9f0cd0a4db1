"""What the rows of a list must have: from terms to conditions. Every text reaches the store as a parameter."""

import re

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from storage.dialects import expressions
from storage.list_columns import PLANS, ColumnKind, Element, ListColumn, ListPlan
from storage.list_queries import Query, Term
from storage.patterns import compiled
from storage.reviews import waiting
from storage.tables import item_errors, review_items, runs, steps

Condition = ColumnElement[bool]

_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class UnknownColumn(LookupError):
    """A list has no such column; the message names those it has."""


def column_of(query: Query, name: str) -> ListColumn | None:
    """Find a column of a list by its name, whatever the case."""
    columns = PLANS[query.kind].columns
    return columns.get(name) or columns.get(name.lower())


def unknown(query: Query, name: str, *, sorting: bool = False) -> UnknownColumn:
    """Make the error for a column that a list does not have."""
    columns = PLANS[query.kind].columns.items()
    there_are = ", ".join(known for known, column in columns if column.sortable or not sorting)
    return UnknownColumn(f"no column '{name}' here; there are: {there_are}")


def conditions(query: Query) -> list[Condition]:
    """Give what all rows of a list must fulfil. Raises `UnknownColumn`."""
    terms = [term for term in query.terms if term.text or term.column]
    if query.kind == "review":
        found = [_condition(query, term) for term in terms if not _of_state(term)]
        found.append(_in_review(query, [term for term in terms if _of_state(term)]))
    else:
        found = [_condition(query, term) for term in terms]
    if query.within is not None and query.kind == "errors":
        of_run = select(steps.c.id).where(steps.c.run_id == query.within)
        found.append(item_errors.c.step_id.in_(of_run))
    return found


def _of_state(term: Term) -> bool:
    return (term.column or "").lower() == "state"


def _in_review(query: Query, of_state: list[Term]) -> Condition:
    """Give the condition of an item's state: what the terms say, else that it waits; or that the item stays."""
    told = and_(*(_condition(query, term) for term in of_state)) if of_state else waiting()
    return or_(told, expressions.among(review_items.c.id, query.staying)) if query.staying else told


def fits(text: str, word: str) -> bool:
    """Tell whether a word is what a term asks for: the same, or with a `*` at its end one that begins so."""
    begin = text.lower().removesuffix("*")
    return word.lower().startswith(begin) if text.endswith("*") else word.lower() == begin


def _condition(query: Query, term: Term) -> Condition:
    term = term._replace(text=expressions.storable(term.text))
    held = _matches(query, term) if term.pattern else _holds(query, term)
    return not_(func.coalesce(held, false())) if term.inverted else held


def _holds(query: Query, term: Term) -> Condition:
    plan = PLANS[query.kind]
    if term.column is None:
        return _is_anywhere(plan, term.text) if term.whole else _anywhere(plan, term.text)
    column = column_of(query, term.column)
    if column is not None and column.of_step:
        return runs.c.id.in_(select(steps.c.run_id).where(_in_column(column, term.text)))
    if query.kind == "review" and column is plan.columns.get("state") and term.text.lower() == "all":
        return true()
    if column is not None:
        return _is_column(column, term.text) if term.whole else _in_column(column, term.text)
    if plan.attributes is None:
        raise unknown(query, term.column)
    name = expressions.storable(term.column)
    if not term.text:
        return not_(expressions.has_attribute(plan.attributes, name))
    return expressions.attribute_contains(plan.attributes, name, term.text)


def _matches(query: Query, term: Term) -> Condition:
    """Give the condition that a regular expression is found in a text. Raises `UnknownColumn` or `InvalidPattern`."""
    plan, pattern = PLANS[query.kind], term.text
    compiled(pattern)
    if term.column is None:
        in_texts = [expressions.matches(element, pattern) for element in plan.texts]
        if plan.attributes is not None:
            return or_(*in_texts, expressions.value_matches(plan.attributes, pattern))
        return or_(false(), *in_texts, *(expressions.matches(element, pattern) for element in plan.documents))
    column = column_of(query, term.column)
    if column is None and plan.attributes is not None:
        return expressions.value_matches(plan.attributes, pattern, expressions.storable(term.column))
    if column is None:
        raise unknown(query, term.column)
    searched = or_(*(expressions.matches(element, pattern) for element in column.searched or (column.value,)))
    return runs.c.id.in_(select(steps.c.run_id).where(searched)) if column.of_step else searched


def _anywhere(plan: ListPlan, text: str) -> Condition:
    in_texts = (expressions.contains(element, text) for element in plan.texts)
    return or_(*in_texts, *(expressions.document_contains(element, text) for element in plan.documents))


def _is_anywhere(plan: ListPlan, text: str) -> Condition:
    """Give the condition that some text, or the value of some attribute, is the text as a whole."""
    in_texts = [expressions.same_word(element, text) for element in plan.texts]
    in_values = [expressions.has_value(plan.attributes, text)] if plan.attributes is not None else []
    return or_(false(), *in_texts, *in_values)


def _is_column(column: ListColumn, text: str) -> Condition:
    if column.kind is ColumnKind.LABEL:
        return expressions.is_labelled(column.value, text)
    return or_(*(expressions.same_word(element, text) for element in column.searched or (column.value,)))


def _in_column(column: ListColumn, text: str) -> Condition:
    if not text:
        return _has_none(column)
    match column.kind:
        case ColumnKind.WORD:
            return _is_word(column, text)
        case ColumnKind.TEXT:
            return or_(*(expressions.contains(element, text) for element in column.searched))
        case ColumnKind.LABEL:
            return expressions.contains(column.value, text)
        case ColumnKind.NUMBER:
            number = re.fullmatch(rf"(?:{column.prefix})?([+-]?[0-9]{{1,18}})", text, re.IGNORECASE)
            return column.value == int(number[1]) if number else false()
        case ColumnKind.FLAG:
            flag = _FLAGS.get(text.lower())
            return column.value == int(flag) if flag is not None else false()


def _has_none(column: ListColumn) -> Condition:
    empty: Element
    match column.kind:
        case ColumnKind.NUMBER:
            return column.value.is_(None)
        case ColumnKind.FLAG:
            empty = column.value == 0
        case _:
            empty = column.value == ""
    return or_(column.value.is_(None), empty)


def _is_word(column: ListColumn, text: str) -> Condition:
    if column.words:
        known = column.value.in_([word for word in column.words if fits(text, word)])
        return or_(known, *(condition for word, condition in column.also if fits(text, word)))
    begin = text.removesuffix("*")
    if begin == text:
        return expressions.same_word(column.value, text)
    if not begin:
        return and_(column.value.is_not(None), column.value != "")
    return expressions.begins_with(column.value, begin)
