"""消息: what somebody was told."""
