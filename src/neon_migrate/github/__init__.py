"""GitHub as a run of GitHub Actions meets it: its event, its API, and the files and commands its runner reads."""
