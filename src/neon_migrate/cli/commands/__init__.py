"""The commands: one module each, holding the `Command` of the module's own name (`import_` for `import`).

A new command is one new file here; nothing else names it.
"""
