"""首页 and 待我办理: what somebody finds when they open the service."""
