"""Run scenarios: peers, steps, faults, and the history that they leave."""
