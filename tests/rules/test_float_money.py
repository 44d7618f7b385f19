"""Which names of columns speak of money: more than a page can show."""

from __future__ import annotations

import pytest

from migrate_guard.model.environment import Environment
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import TableView
from migrate_guard.rules.float_money import Options, says_money
from tests.checking import written

SPAN = Span("a.py", 1, 1, 1, 2)
FLOAT = Type("DOUBLE PRECISION", family="float")

MONEY = """
    price unit_price unitPrice UnitPrice price_usd prices list_price price_per_kg cost token_cost cost_per_token
    cost_per_hour total_cost_usd shipping_cost fee fees service_fee_amount salary base_salary wage monthly_wage revenue
    total_revenue payment payment_amount refund_amount amount amount_due amount_paid total_amount amount_total
    transaction_amount loan_amount min_amount tax tax_amount sales_tax discount_amount total order_total total_price
    invoice_total cart_total grand_total sub_total subtotal total_due balance account_balance wallet_balance
    current_balance opening_balance outstanding_balance hourly_rate budget market_value contract_value credit_limit
    spending_limit deposit commission msrp net_income gross_profit total_spent line_total avg_price
    price_change day_price size_price TotalAmount orderTotal income
"""

NOT_MONEY = """
    rating latency_total total_seconds cost_function amount_of_rain duration_total price_score tax_id total_tokens
    value rate score ratio weight total_weight price_ratio discount_percent tax_rate interest_rate exchange_rate
    fee_percentage commission_rate temperature lat lng total_count item_count total_bytes total_distance total_hours
    balance_score white_balance load_balance load_balance_factor probability payment_delay_days salary_band cost_index
    edge_cost path_cost query_cost price_elasticity price_volatility cost_weight total_energy total_duration_ms
    sensor_value max_value sum_value pH humidity credit_score due sum discount charge limit rate_limit water_balance
    pain_total amount_ml daily_total_steps priced_at fee_type total_score price_embedding budget_share
    percent_fee normalized_price priceless costume feeling paymentless totaliser
"""


@pytest.mark.parametrize("name", MONEY.split())
def test_names_that_speak_of_money(name: str) -> None:
    assert says_money(name, Options())


@pytest.mark.parametrize("name", NOT_MONEY.split())
def test_names_that_do_not(name: str) -> None:
    assert not says_money(name, Options())


@pytest.mark.parametrize(
    ("name", "comment", "expected"),
    [
        ("settled", "what the customer paid, in EUR", True),
        ("settled", "in $", True),
        ("quote", "Monetary value of the offer", True),
        ("settled", "share of the customer, in percent of the EUR price", False),
        ("settled", "weight in pounds", False),
        ("factor", "multiplied with the price in EUR", False),
        ("settled", "when the claim was settled", False),
    ],
)
def test_comments(name: str, comment: str, expected: bool) -> None:
    assert bool(list(_check(Column(name, FLOAT, SPAN, comment=comment)))) is expected


@pytest.mark.parametrize("exact", [Type("NUMERIC", ("12", "2"), family="decimal"), Type("?", family="unknown")])
def test_only_floats_are_meant(exact: Type) -> None:
    assert not list(_check(Column("price", exact, SPAN)))


def test_finding_names_type_and_column() -> None:
    (problem,) = _check(Column("price", FLOAT, SPAN, nullable=False))
    assert problem.message.startswith('"orders.price" holds money as DOUBLE PRECISION')
    assert problem.object == "orders.price"
    assert written(problem) == 'sa.Column("price", sa.Numeric(12, 2), nullable=False)'


def test_words_are_options() -> None:
    assert says_money("discount", Options(alone=("discount",)))
    assert not says_money("price", Options(money=("cost",)))


def _check(column: Column):  # type: ignore[no-untyped-def]
    from migrate_guard.rules.float_money import float_money

    table = Table(QualifiedName("orders"), SPAN, columns=(column,))
    view = TableView(table, Schema().with_table(table), Environment("migrations"), Target.default())
    return float_money.check(view, Options())
