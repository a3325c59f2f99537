"""The subcommands of `rapport`: each module has functions `(arguments, config) -> exit code`."""
