"""The service's commands, for whoever runs it: `flask --app app …`."""
