"""The steps of the workflows, against real Postgres, with stand-ins for GitHub, Neon and Slack."""
