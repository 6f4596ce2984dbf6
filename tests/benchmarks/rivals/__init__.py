"""What the console's pages are held against: an empty view behind its own middleware, and Django's admin."""
