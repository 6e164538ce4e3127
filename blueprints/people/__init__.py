"""What pages' scripts ask about people: who fits a search, and the signature that WeCom's own picker needs."""
