"""Desktop workbench for facial expression recognition."""

import ferapp.sources.heavy_imports  # noqa: F401  OpenCV's environment, before any import of cv2
