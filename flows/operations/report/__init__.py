"""A mailing's report: one HTML page without network, pictures and the tables behind them."""
