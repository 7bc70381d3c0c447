"""Calibration: what a real endpoint decides is asked by probes, and compared with the rulings in force."""
