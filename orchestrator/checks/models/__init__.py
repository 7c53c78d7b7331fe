"""The classical models of distributed programs: one promise a file, judged from calls alone."""
