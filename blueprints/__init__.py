"""What people and platforms reach over HTTP: a folder for each kind of visitor."""
