"""One module per subcommand; each is imported only when it is asked for, so that `--help` stays quick."""
