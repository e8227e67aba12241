"""The command line. What a command needs to read is imported when it runs: `--help` needs none."""
