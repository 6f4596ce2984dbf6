"""CONTRIBUTING is true: the files that its recipes name exist, and its tree has every folder."""

import re
import subprocess

from console.sandbox.processes import ROOT
from tests.docs import pages

TEXT = pages.CONTRIBUTING.read_text()
TREE = TEXT.split("## Where things are")[1].split("```")[1]
RECIPES = TEXT.split("## Recipes")[1].split("\n## ")[0]

WANTED = ("column in the accounts list", "status", "operation", "field to every event", "page", "setting", "language")
WANTED += ("metric", "outcome", "text", "column to a CSV export", "quirk of a provider", "quirk of the directory")
WANTED += ("filter to the change log", "rate limit", "rules of a form field", "how long something is kept")


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


def tree_paths():
    """The paths of the tree, from its indentation."""
    found, parents = [], []
    for line in TREE.strip("\n").splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        level = len(indent) // 4
        parents = [*parents[:level], name]
        found.append("".join(parents))
    return found


def paths(text):
    """What looks like a path of this repository: with a slash, or a file at the top."""
    found = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|\w[\w-]*\.(?:py|md|toml|txt))`", text)
    return [path for path in found if not path.startswith("127.")]


def test_every_recipe_is_there():
    titles = re.findall(r"^### (.+)$", RECIPES, re.MULTILINE)
    assert [wanted for wanted in WANTED if not any(wanted in title for title in titles)] == []


def test_the_files_of_each_recipe_exist():
    assert len(set(paths(RECIPES))) > 80
    assert [path for path in sorted(set(paths(TEXT))) if not (ROOT / path).exists()] == []


def test_each_recipe_names_its_tests_and_texts():
    for recipe in RECIPES.split("\n### ")[1:]:
        assert "`tests/" in recipe, recipe.splitlines()[0]


def test_the_tree_has_one_line_for_each_folder():
    shown = tree_paths()
    assert [path for path in shown if not (ROOT / path).exists()] == []
    assert len(shown) == len(set(shown))
    packages = {str(path.parent) for path in map(pages.Path, tracked()) if path.name == "__init__.py"}
    below = {"accounts_ui", "console"}
    rooms = {f"{path}/" for path in packages if path.split("/")[0] in below and not path.endswith("management")}
    rooms |= {f"tests/{path.split('/')[1]}/" for path in packages if path.startswith("tests/")}
    rooms = {path for path in rooms if "/formats/" not in path or path.endswith("formats/")}
    assert sorted(rooms - set(shown)) == []


def test_each_line_of_the_tree_says_what_is_there():
    for line in TREE.strip("\n").splitlines():
        assert len(line.split(None, 1)) == 2 or line.strip() == "base.html", line


def test_the_layers_are_those_of_the_import_rules():
    layers = re.search(r"^accounts_ui\.urls → (.+)$", TEXT, re.MULTILINE)[1]
    rules = (ROOT / "pyproject.toml").read_text()
    for layer in re.findall(r"\w+(?:\.\w+)?", layers):
        assert f"accounts_ui.{layer}" in rules or layer in rules, layer
