"""The mesh that people chat in, and break, by hand."""
