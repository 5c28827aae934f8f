"""Out of time: backtest, comparison, gate."""
