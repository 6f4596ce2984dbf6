"""Settings and rules as ``console/docs/providers.md`` shows them for each product."""

import re

from console.sandbox.processes import ROOT

PAGE = (ROOT / "console" / "docs" / "providers.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def settings_of(name):
    [block] = re.findall(r"```ini\n(.*?)```", SECTIONS[name], re.DOTALL)
    return dict(line.split("=", 1) for line in block.splitlines())


def rules_of(name):
    [block] = re.findall(r"```json\n(.*?)```", SECTIONS[name], re.DOTALL)
    return block
