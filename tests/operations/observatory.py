"""The published rules of Mozilla's HTTP Observatory (mdn-http-observatory 1.4, src/grader/charts.js) for one page.

The tool itself wants a public host name and lists from the internet. Each rule here answers with its points; what this
console can never be (a site that is on the HSTS preload list, one with scripts from elsewhere) is left out.
"""

import re

from tests import markup

BROAD = {"ftp:", "http:", "https:", "*", "http://*", "https://*"}
SIX_MONTHS = 15768000  # seconds
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}


def score(page, preflight, over_http):
    """Return points and grade by rule.

    Args:
        page: the answer over HTTPS, with ``headers`` and ``text``.
        preflight: the answer to a cross-origin OPTIONS.
        over_http: the answer to the same address without TLS.

    """
    policy = policy_of(page)
    points = {
        "content-security-policy": rate_policy(policy),
        "cookies": rate_cookies([c for one in (page, preflight) for c in one.headers.get_all("Set-Cookie") or []]),
        "cors": -50 if preflight.headers.get("Access-Control-Allow-Credentials") else 0,
        "redirection": 0 if over_http.headers.get("Location", "").startswith("https://console.example.org/") else -20,
        "referrer-policy": 5 if page.headers.get("Referrer-Policy") in PRIVATE else -5,
        "strict-transport-security": rate_hsts(page.headers.get("Strict-Transport-Security", "")),
        "subresource-integrity": rate_scripts(page.text),
        "x-content-type-options": 0 if page.headers.get("X-Content-Type-Options") == "nosniff" else -5,
        "x-frame-options": rate_frames(policy, page.headers.get("X-Frame-Options", "")),
        "cross-origin-resource-policy": rate_corp(page.headers.get("Cross-Origin-Resource-Policy", "")),
    }
    losses = 100 + sum(one for one in points.values() if one < 0)
    total = 100 + sum(points.values()) if losses >= 90 else losses  # extra credit counts from an A on
    return total, points


def grade(total):
    return "A+" if total >= 100 else "A" if total >= 90 else "below A"


def policy_of(page):
    parts = [one.split() for one in page.headers.get("Content-Security-Policy", "").split(";") if one.strip()]
    return {name: set(sources) for name, *sources in parts}


def rate_policy(policy):
    if not policy:
        return -25
    default = policy.get("default-src", {"*"})
    scripts, styles, objects = (policy.get(f"{one}-src", default) for one in ("script", "style", "object"))
    if scripts & (BROAD | {"'unsafe-inline'", "data:"}) or objects & BROAD:
        return -20
    if any(source.startswith(("http:", "ftp:")) for sources in policy.values() for source in sources):
        return -20
    if "'unsafe-eval'" in scripts | styles:
        return -10
    if styles & (BROAD | {"'unsafe-inline'", "data:"}):
        return 0
    return 10 if default == {"'none'"} else 5


def rate_cookies(cookies):
    if not cookies:
        return 0
    attributes = [{part.strip().lower() for part in one.split(";")[1:]} for one in cookies]
    if not all("secure" in one for one in attributes):
        return -40
    if not all("httponly" in a for c, a in zip(cookies, attributes, strict=True) if "sess" in c.split("=")[0]):
        return -30
    return 5 if all({"samesite=lax", "samesite=strict"} & one for one in attributes) else 0


def rate_hsts(header):
    found = re.match(r"max-age=(\d+)", header)
    return -20 if not found else 0 if int(found.group(1)) >= SIX_MONTHS else -10


def rate_scripts(text):
    scripts = [one for one in markup.parse(text).select("script") if one.get("src")]
    if any(not re.match(r"/[^/]", one["src"]) for one in scripts):
        return -50
    return 5 if scripts and all(one.get("integrity") for one in scripts) else 0


def rate_frames(policy, header):
    if "frame-ancestors" in policy:
        return 5
    return 0 if header.lower() in ("deny", "sameorigin") else -20


def rate_corp(header):
    return 10 if header in ("same-origin", "same-site") else 0 if header in ("", "cross-origin") else -5
