"""Ranked detections of any kind of region."""
