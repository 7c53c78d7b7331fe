"""The check `register` against a checker that tries every order."""
