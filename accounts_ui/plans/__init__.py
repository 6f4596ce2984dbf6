"""Plans: many operations that were looked at before the first one is sent. ``store`` keeps and finds them."""
