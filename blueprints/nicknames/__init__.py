"""实名昵称核对: whether the nicknames in a group are 实名+部门."""
