"""群组: the record of one group over its whole life."""
