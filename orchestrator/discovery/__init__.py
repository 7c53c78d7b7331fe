"""Finding out what a program looks like, and whether a profile says it right.

`startable` says what to start, `raw` drives consoles of which nothing is known, `exploring`
tries words and formats on them and keeps what came as `evidence`. What it means is inferred by
pure functions, in `screen`, `wording`, `templates` and `inference`; `written` makes a profile's
file of it. `trying` drives a program by its profile, and `matching`, pure again, says of each
pattern whether it matched what came.
"""
