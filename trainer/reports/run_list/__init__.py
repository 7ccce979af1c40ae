"""Many runs in one table: their status, names and figures, for window and commands."""
