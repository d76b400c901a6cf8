"""Neon's API: its client, branches of production to rehearse on, and going back to an earlier state."""
