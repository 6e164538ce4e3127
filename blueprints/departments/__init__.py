"""部门: what a department's head sees of its own."""
