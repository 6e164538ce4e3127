"""The statuses that our pages answer with when a form was not taken."""

#: Something in the form was refused; it is shown again.
UNPROCESSABLE = 422
#: What the page showed has changed meanwhile.
CONFLICT = 409
