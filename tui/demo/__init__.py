"""The demo: sample people, a workspace around them, and a walk through all five phases."""
