"""The web chat: a page that shows the same replies as every other surface."""
