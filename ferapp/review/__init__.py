"""Review of evaluations: opening them, selecting and explaining samples, deciding on labels."""
