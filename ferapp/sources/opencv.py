"""OpenCV, set up once before it is imported. Every source takes it from here."""

import os

# quiet: what goes wrong is said by our own errors
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# a camera on Linux that sends nothing is given up after 5 s instead of 10
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")
# Media Foundation takes 4 to 20 s to open a camera with these (opencv/opencv#17687)
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

import cv2

__all__ = ["cv2"]
