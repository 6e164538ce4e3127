"""管理: what an administrator looks after: the state of the service, the directory, departments, people, posts."""

from blueprints.administration import departments, leaving, messages, people, posts, syncs

__all__ = ["departments", "leaving", "messages", "people", "posts", "syncs"]
