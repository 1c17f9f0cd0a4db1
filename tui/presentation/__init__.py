"""How things are shown, in the console and on the command line alike."""
