"""What happens: phases, rules, connectors and runs; knows no screen and writes no SQL."""
