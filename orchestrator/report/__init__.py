"""Terminal, JSON and HTML output. It reads runs and never sees an engine."""
