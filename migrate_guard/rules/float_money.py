from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from migrate_guard.asking import words
from migrate_guard.asking.design import has_word, is_word
from migrate_guard.model.instead import Code
from migrate_guard.model.schema import Column, Table
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Options(Struct, frozen=True):
    money: tuple[str, ...] = _words(
        "price cost fee salary wage revenue payment payout refund income expense budget profit earnings earning "
        "commission money cash subtotal donation deposit fare rent tuition msrp debit tax surcharge bonus royalty "
        "turnover vat gst tip premium usd eur gbp chf dollar euro"
    )
    """Words that speak of money wherever they stand in a name."""
    weak: tuple[str, ...] = _words(
        "amount amt total balance sum value credit charge discount due paid spend spent limit"
    )
    """Words that speak of money only beside a companion, or alone where `alone` says so."""
    alone: tuple[str, ...] = _words("amount amt total balance")
    """Weak words that speak of money when they are the whole name."""
    companions: tuple[str, ...] = _words(
        "order invoice cart billing bill purchase sale sales sub grand account outstanding opening closing tax gross "
        "net due paid unpaid transaction transfer loan wallet current available shipping item line checkout capture "
        "captured authorized authorised market book asset contract deal face property stock portfolio inventory "
        "insured credit spending spend discount amount total balance coupon voucher charged refunded owed settled "
        "pending monthly yearly annual daily pay day budgeted customer ledger"
    )
    """Words that make a weak word speak of money."""
    neutral: tuple[str, ...] = _words("min max avg average mean old new original final base unit list of in the per")
    """Words that say nothing either way."""
    vetoes: tuple[str, ...] = _words(
        "count counter number num no qty quantity second sec ms us ns milli millis millisecond minute hour day week "
        "time duration delay latency token score ratio percent percentage pct rate rating weight distance byte size "
        "length lat lng lon long probability prob function index idx factor multiplier coefficient elasticity level "
        "rank version id uuid type code kind status flag name date at km mile kg gb mb kb energy power temperature "
        "variance stddev std deviation zscore sensitivity volatility trend feature embedding vector loss gradient "
        "frequency term interval band class grade share fraction confidence x y z similarity relevance progress "
        "completion point position"
    )
    """Words with which a name is a measure, unless a word of money comes last: a price score, but a token cost."""
    computed: tuple[str, ...] = _words(
        "path edge query planner heuristic node travel latency gradient loss percent percentage pct ratio relative "
        "normalized normalised scaled"
    )
    """Words with which even a cost or a price is a measure."""
    weighed: tuple[str, ...] = _words(
        "database table view query plan edge node route path link road segment step state"
    )
    """Tables, by the last word of their names, whose plain cost is what a planner or a search weighs."""
    rates: tuple[str, ...] = _words("hourly nightly daily room pay wage salary")
    """Words with which a rate is a price."""
    currencies: tuple[str, ...] = _words("money monetary currency usd eur gbp chf jpy dollar euro cent pound $ € £")
    """Words with which the comment of a column speaks of money."""
    precision: tuple[int, int] = field(default=(12, 2))
    """The sa.Numeric that is suggested."""


@rule("MG603", on=Table, severity=Severity.ERROR, options=Options)
def float_money(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a binary floating-point column whose name or comment speaks of money."""
    table = view.table
    for column in table.columns:
        if column.type.family != "float" or column.is_inherited:
            continue
        if _is_money(column, options) and not _is_weighed(table, column, options):
            yield _problem(view, column, options)


def _problem(view: TableView, column: Column, options: Options) -> Problem:
    table, (precision, scale) = view.table, options.precision
    required = ", nullable=False" if column.nullable is False else ""
    return Problem(
        f'"{table.name}.{column.name}" holds money as {column.type}, which rounds: 0.10 has no exact value in it',
        column.span,
        object=f"{table.name}.{column.name}",
        help=f"Write sa.Numeric({precision}, {scale}), or an integer number of cents.",
        instead=(Code(f"sa.Column({literal(column.name)}, sa.Numeric({precision}, {scale}){required})"),)
        if view.models is None
        else (),
        confidence=Confidence.LOW,
    )


def _is_money(column: Column, options: Options) -> bool:
    return says_money(column.name, options) or (column.comment is not None and _tells(column, column.comment, options))


def _is_weighed(table: Table, column: Column, options: Options) -> bool:
    """Whether the plain cost of such a thing is no price."""
    return words(column.name) == ("cost",) and has_word(words(table.name.name)[-1:], options.weighed)


def says_money(name: str, options: Options) -> bool:
    """Whether the name of a column speaks of money."""
    told = _without_unit(words(name))
    if "rate" in told and has_word(told, options.rates) and not has_word(told, _words("tax growth exchange interest")):
        return True
    if has_word(told, options.computed):
        return False
    if told and is_word(told[-1], options.money):
        return True
    if has_word(told, options.vetoes):
        return False
    if has_word(told, options.money):
        return True
    weak = [word for word in told if is_word(word, options.weak)]
    others = [word for word in told if not is_word(word, options.weak) and not is_word(word, options.neutral)]
    if not weak or not all(is_word(word, options.companions) for word in others):
        return False
    if others or any(is_word(word, options.alone) for word in weak):
        return True
    return len(weak) > 1 and has_word(told, options.companions)


def _tells(column: Column, comment: str, options: Options) -> bool:
    """Whether the comment says that the column holds an amount in a currency."""
    told = _without_unit(tuple(re.findall(r"[^\W\d_]+|[$€£]", comment.lower())))
    measures = (*_without_unit(words(column.name)), *told)
    return has_word(told, options.currencies) and not has_word(
        measures, [each for each in (*options.vetoes, *options.computed) if len(each) > 2]
    )


def _without_unit(told: tuple[str, ...]) -> tuple[str, ...]:
    """A name without what comes after "per": the cost per hour is a cost."""
    if "per" not in told:
        return told
    at = told.index("per")
    return told[:at] + told[at + 2 :]
