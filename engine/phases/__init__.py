"""The phases: a room for each box of the flow, and two that several of them need."""
