"""What runs in containers of programs that bring a folder, with the standard library alone."""
