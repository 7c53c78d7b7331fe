"""Grading: the tests of a rubric with every program, or with every pair of programs.

The model is pure: `rubric`, `results` and `marking` see no engine, and the
reports import nothing else. `scheduling` decides what is run, `grading` runs it.
"""
