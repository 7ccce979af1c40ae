"""The Train page: start, watch and compare training runs."""
