"""What is told to whom and when, on a schedule; the words for it are in `handlers/`."""
