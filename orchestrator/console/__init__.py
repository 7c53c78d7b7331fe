"""Drive a program through its terminal: bytes, lines, replies. Only `terminal` uses pexpect."""
