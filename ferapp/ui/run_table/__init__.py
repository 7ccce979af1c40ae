"""The table of runs: sorted, searched, annotated, and its runs compared, archived or deleted."""
