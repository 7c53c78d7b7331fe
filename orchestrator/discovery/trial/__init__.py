"""Try a profile of any vocabulary: type each of its operations, and say how the reply was read.

`setting` writes the scenario: which peers, and which program each runs. `values` chooses
arguments. `trial` starts the peers and types; `result` says how each reply was read, and `hints`
what would help where one was not.
"""
