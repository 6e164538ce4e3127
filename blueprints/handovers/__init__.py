"""移交: what somebody who left still answers for, and who takes it over."""
