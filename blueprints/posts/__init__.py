"""我的岗位: what a person holds, what they delegate, and what is delegated to them."""
