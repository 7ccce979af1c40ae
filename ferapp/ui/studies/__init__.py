"""The Studies page: many sources into tables, followed and read."""
