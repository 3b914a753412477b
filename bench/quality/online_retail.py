"""Online Retail (UCI): a gift shop, August and September 2011 held back."""

from __future__ import annotations

import numpy as np

from bench.quality.shop import Log, Shop, ShopMissingError, cut, data_folder

_CUT = np.datetime64("2011-08-01", "us")
_END = np.datetime64("2011-10-01", "us")


def load() -> Shop:
    """Return lines with a known customer, something sold and a five-digit code.

    Raises ShopMissingError.
    """
    file = data_folder() / "online_retail" / "transactions.parquet"
    if not file.is_file():
        raise ShopMissingError(f"there is no file {file}")
    try:
        from pyarrow import compute, parquet
    except ImportError:
        raise ShopMissingError("reading it needs pyarrow") from None
    table = parquet.read_table(file)
    keep = compute.and_(
        compute.and_(
            compute.is_valid(table["CustomerID"]),
            compute.and_(
                compute.greater(table["Quantity"], 0), compute.greater(table["UnitPrice"], 0)
            ),
        ),
        compute.and_(
            compute.invert(compute.starts_with(table["InvoiceNo"], "C")),
            compute.match_substring_regex(table["StockCode"], r"^\d{5}"),
        ),
    )
    table = table.filter(keep)
    times = table["InvoiceDate"].to_numpy().astype("datetime64[us]")
    titles = compute.fill_null(table["Description"], "")
    log = Log(
        persons=table["CustomerID"].to_numpy().astype(np.int64).astype(np.str_),
        items=table["StockCode"].to_numpy().astype(np.str_),
        baskets=table["InvoiceNo"].to_numpy().astype(np.str_),
        times_us=times.astype(np.int64),
        titles=titles.to_numpy().astype(np.str_),
        categories=np.zeros(len(times), np.str_),
        brands=np.zeros(len(times), np.str_),
    ).only(times < _END)
    now_us = int(_CUT.astype(np.int64))
    return cut("online_retail", log, log.times_us >= now_us, now_us, known=True)
