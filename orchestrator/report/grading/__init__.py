"""Publishes grades and matrices: tables, pages, spreadsheets, JSON, JUnit and Gradescope."""
