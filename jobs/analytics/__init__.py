"""Analysis of what the store knows: frames in, frames and frozen dataclasses out.

Not here: database sessions, clocks, wording. Importing this package loads no numerical library; its
modules do, so import them where they are used, inside the function that needs them.
"""
