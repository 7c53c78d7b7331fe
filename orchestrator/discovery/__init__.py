"""Learn a program's profile by experiments on it, and check a profile against its program.

`discover` starts three copies of an unknown program. `start_commands` proposes
how; `raw_console` and `trio` type at them and collect what they print; `finder` tries the words
in `wording`, and `experiments` provokes replies, notices and errors. The results are `evidence`,
from which `inference`, `list_patterns` and `notice_patterns` infer patterns by way of
`templates`. A `draft` is the resulting profile with its doubts.

`check` drives a program by its profile, and `pattern_matches` says which patterns matched.
"""
