"""The played town: that it is the same again, that nothing breaks in it, and that it finds what is put wrong."""
