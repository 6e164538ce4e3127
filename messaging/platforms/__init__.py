"""The messaging platforms: each module turns our cards into what its platform speaks, and its events into ours."""
