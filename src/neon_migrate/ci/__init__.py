"""The steps of the workflows: what they are told by GitHub, what they do, and what they tell GitHub and the team."""
