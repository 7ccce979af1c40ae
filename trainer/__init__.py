"""Train, evaluate and explain facial expression recognition models.

The package needs neither Qt nor MediaPipe to import: training runs on a bare GPU machine.
"""

__version__ = "0.1.0"
