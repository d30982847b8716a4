"""Data sets in the forms that other trainers read: one file per form."""
