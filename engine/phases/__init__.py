"""The five phases, one module for each box of the flow."""
