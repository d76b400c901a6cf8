"""Where a schema comes from: schema.json, the migrations folder, a live database."""
