"""Plans: many operations that are previewed before the first one is sent. ``queries`` stores and finds them."""
