"""sqlx's migration ledger: the files of the migrations folder, the rows of `_sqlx_migrations`, and the two compared.

Nothing here connects to a database: `rows` holds the statements, `postgres` sends them.
"""
