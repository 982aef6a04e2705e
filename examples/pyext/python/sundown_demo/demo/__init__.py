"""An act for each class."""
