"""Pure readers of what people type: no database, no clock; each raises `UserError` with an example of what to type."""
