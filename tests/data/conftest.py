"""Rows and extracts as the tests of the lake and of the ingest write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data.contracts import CONTRACTS

HEADERS = {
    "base_cadastral.csv": "ID_CLIENTE;DATA_CADASTRO;DDD;FLAG_PF;SEGMENTO_INDUSTRIAL;DOMINIO_EMAIL;PORTE;CEP_2_DIG",
    "base_pagamentos.csv": (
        "ID_CLIENTE;SAFRA_REF;DATA_EMISSAO_DOCUMENTO;DATA_PAGAMENTO;DATA_VENCIMENTO;VALOR_A_PAGAR;TAXA"
    ),
    "base_info.csv": "ID_CLIENTE;SAFRA_REF;RENDA_MES_ANTERIOR;NO_FUNCIONARIOS",
}
CUSTOMER = "1661240395903230676;2013-08-22;99;;Comércio;YAHOO;PEQUENO;65"
INVOICE: dict[str, Any] = {
    "invoice_id": "I1",
    "customer_id": "C1",
    "issued_on": date(2024, 1, 10),
    "due_on": date(2024, 2, 10),
    "amount": Decimal("100.00"),
    "currency": "EUR",
    "interest_rate": None,
    "order_id": None,
    "outcome_unknown": False,
    "known_at": datetime(2024, 1, 10, tzinfo=UTC),
    "source": "erp",
    "is_deleted": False,
}
PAYMENT: dict[str, Any] = {
    "payment_id": "P1",
    "customer_id": "C1",
    "paid_on": date(2024, 2, 12),
    "amount": Decimal("100.00"),
    "currency": "EUR",
    "known_at": datetime(2024, 2, 13, tzinfo=UTC),
    "source": "erp",
    "is_deleted": False,
}
ALLOCATION: dict[str, Any] = {
    "payment_id": "P1",
    "invoice_id": "I1",
    "customer_id": "C1",
    "allocated_on": date(2024, 2, 12),
    "amount": Decimal("100.00"),
    "clears_invoice": True,
    "known_at": datetime(2024, 2, 13, tzinfo=UTC),
    "source": "erp",
    "is_deleted": False,
}
TEMPLATES = {"invoices": INVOICE, "payments": PAYMENT, "allocations": ALLOCATION}


@pytest.fixture(scope="session")
def table() -> Callable[..., pa.Table]:
    """``table("invoices", {"amount": None}, {})``: one row per dict, over a plain invoice, payment or allocation."""

    def made(name: str, *rows: dict[str, Any]) -> pa.Table:
        schema = pa.schema([field.with_nullable(True) for field in CONTRACTS[name].schema])
        return pa.Table.from_pylist([TEMPLATES[name] | row for row in rows], schema=schema)

    return made


@pytest.fixture(scope="session")
def extract() -> Callable[..., Path]:
    """Write an extract with the layout of ``datarisk``: ``extract(folder, payments=[line, ...])``."""

    def written(folder: Path, *, customers=(CUSTOMER,), payments=(), info=(), encoding="utf-8") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for (file, header), lines in zip(HEADERS.items(), (customers, payments, info), strict=True):
            (folder / file).write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
        return folder

    return written
