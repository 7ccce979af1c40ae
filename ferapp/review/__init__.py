"""Opening evaluations, looking at samples, deciding about labels."""
