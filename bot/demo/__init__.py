"""What `rapport demo` shows: sample data that the project makes itself, and the tour through it."""
