"""How each person likes their lists: columns, page size, saved views. Nothing here is about accounts."""
