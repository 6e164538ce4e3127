"""备案: filling in, sending, following and deciding a filing."""
