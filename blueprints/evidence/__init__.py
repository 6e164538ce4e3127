"""附件: the pictures and PDFs that bear a filing out."""
