"""Two explanations of the same face: two models, or two attribution methods of one."""
