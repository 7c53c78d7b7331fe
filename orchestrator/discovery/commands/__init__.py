"""Learn the profile of a program that is no chat, from the commands that its help names.

`usage` reads the help. `session` types the commands with words that are used once; `replies` makes
patterns of what came, and `learn` writes the draft.
"""
