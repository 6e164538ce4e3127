"""The verbs of the service. One call is one transaction, with the messages it causes written in it."""
