"""The scripts of the pages: a module that was changed on its way to the browser does not run, and neither do its importers."""

import sys
import unicodedata

from playwright.sync_api import expect

from accounts_ui.text.folding import fold, search_words

ACCOUNTS = "/orgs/acme/accounts/"


def test_a_module_changed_on_its_way_does_not_run(open_page, sqlite_console):
    page = open_page(sqlite_console)
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    def change(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + "\nwindow.changed = true;")

    page.route("**/js/core/dom*.js", change)
    page.goto(ACCOUNTS, wait_until="networkidle")
    assert any("integrity" in error for error in errors), errors
    assert page.evaluate("window.changed === undefined")
    expect(page.locator("table[data-total]")).to_be_visible()


def test_modules_run_and_report_no_error(open_page, sqlite_console):
    page = open_page(sqlite_console)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in (ACCOUNTS, f"{ACCOUNTS}assign/", "/orgs/acme/types/", "/orgs/acme/changes/", "/sessions/"):
        page.goto(path, wait_until="networkidle")
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    assert errors == []


def test_the_browser_folds_text_as_the_server_does(open_page, sqlite_console):
    page = open_page(sqlite_console)
    module = page.locator("link[rel=modulepreload][href*='core/folding']").get_attribute("href")
    characters = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cn", "Co", "Cs")]
    script = "async ([url, texts]) => { const { fold } = await import(url); return texts.map(fold); }"
    folded = page.evaluate(script, [module, characters])
    differing = {
        c: (by_browser, fold(c)) for c, by_browser in zip(characters, folded, strict=True) if by_browser != fold(c)
    }
    assert differing == {}
    words = "async ([url, text]) => (await import(url)).searchWords(text)"
    for text in ("Østergård, Işıl", "Anna–Lena <a@b.example>", '"x" y\u00a0z', "مدير، علي", "a\x1fb\x85c", "’"):
        assert page.evaluate(words, [module, text]) == search_words(text)


def test_the_palette_compares_as_every_search_does(open_page, sqlite_console):
    page = open_page(sqlite_console)
    page.goto(ACCOUNTS)
    page.keyboard.press("Control+k")
    options = page.locator("#palette .palette-options li:visible")
    page.locator("#palette input[name=q]").fill("change log")
    expect(options.first).to_contain_text("Change log")
    found = options.all_inner_texts()
    for typed in ("log change", "ÇHÀNGE LÔG", "Chan\u200bge, lo’g", "ｌｏｇ"):
        page.locator("#palette input[name=q]").fill(typed)
        expect(options).to_have_text(found)
    page.locator("#palette input[name=q]").fill("nothing of this name")
    expect(options).to_have_count(0)
