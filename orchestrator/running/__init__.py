"""Carrying scenarios out: peers on a stage, steps, faults, the history that comes of them."""
