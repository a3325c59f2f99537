"""What each analysis reaches on real data, a module per analysis."""
