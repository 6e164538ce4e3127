"""Headers that every answer carries, whatever made it."""

from flask import Flask, Response, g, request

# Nothing is loaded from elsewhere, and no script or style stands in a page.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
ONE_YEAR = "max-age=31536000"


def init_headers(app: Flask) -> None:
    """Put the headers on everything this app answers."""
    app.after_request(_add_headers)
    if app.config["SETTINGS"].public_url.startswith("https:"):
        app.after_request(_add_https_only)


def _add_headers(response: Response) -> Response:
    response.headers.update(ALWAYS)
    if not (request.endpoint or "").endswith("static"):
        response.headers["Cache-Control"] = "no-store"
    # An answer that gives out what somebody sent is stricter with itself.
    response.headers.update(g.get("stricter_headers", {}))
    return response


def _add_https_only(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = ONE_YEAR
    return response
