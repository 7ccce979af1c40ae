"""The window: pages, views and controls. Loads no torch, cv2 or mediapipe."""
