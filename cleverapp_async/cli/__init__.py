"""The command line: reads files of recipients, sends them, shows what became of each."""
