"""Scripts inside the images of programs that come as a folder; standard library only."""
