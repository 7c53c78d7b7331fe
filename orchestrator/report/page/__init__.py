"""The page of a run: one HTML file, without a network, with everything on one time axis.

`data.py` has what the page shows, `page.py` writes the file, and `viewer/` draws it in a browser.
"""
