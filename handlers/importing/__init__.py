"""Reading other programs' files into the store; the commands about imports stand in `handlers/imports.py`."""
