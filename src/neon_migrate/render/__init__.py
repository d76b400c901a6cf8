"""A Report or an Event in, text out: pages for people, JSON for programs.

`page` has the few blocks that a page is made of, `plain` and `terminal` write them, one module a report makes them.
"""
