"""Two peers in one process, whose threads run one at a time in an order that a seed decides."""
