"""`report.html` of a study: one page that needs nothing else."""
