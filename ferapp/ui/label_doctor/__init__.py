"""Label doctor: the view of Inspect in which wrong labels are found and mended."""
