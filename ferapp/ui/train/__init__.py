"""The Train page: launch runs, watch them, compare them."""
