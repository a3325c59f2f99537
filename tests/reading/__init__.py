"""What people type, through the pure readers: tables of examples, and properties over any text."""
