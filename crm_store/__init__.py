"""Tables, queries, transactions and migrations; nothing here words a text or knows a platform."""
