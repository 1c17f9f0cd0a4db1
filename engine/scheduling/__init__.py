"""When profiles are to run: the units that let systemd start them, and whether they did."""
