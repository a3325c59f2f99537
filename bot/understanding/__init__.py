"""What a sentence asks for: rules over the phrases that the commands declare, offline and without a model.

Running the call, and the card that asks before a write, belong to `bot/router.py` and `bot/proposing.py`.
"""
