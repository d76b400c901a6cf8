"""GitHub's API and its runner, with a stand-in that is held to the official document."""
