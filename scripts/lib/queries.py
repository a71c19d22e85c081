"""The expressions of dashboards and rules.

    queries.py check        every alert has its runbook and its unit tests
    queries.py ask URL      Prometheus at URL has data for every one, all targets are up, no alert is raised, and operators
                            are told of every metric (docs/operating.md)

An alert compares something with a number; the something must have data, also where nothing is wrong.
"""

import json
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "infra/prometheus"
# Seconds to go on asking: a panel of what happens now and then may have its first data late.
PATIENCE = 15


def rules():
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def expressions():
    """Where it stands, and the expression."""
    for path in sorted((ROOT / "infra/grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target["expr"]
    for rule in rules():
        if "record" in rule:
            yield rule["record"], rule["expr"]
        else:
            something, comparison, number = rule["expr"].rpartition(" > ") if " > " in rule["expr"] else rule["expr"].rpartition(" < ")
            assert comparison and re.fullmatch(r"[0-9.]+", number), f"{rule['alert']} is no comparison with a number"
            yield rule["alert"], something


def check():
    wrong = []
    tests = "".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("Onsale*.md")}
    alerts = [rule for rule in rules() if "alert" in rule]
    index = (ROOT / "docs/runbooks/README.md").read_text()
    for rule in alerts:
        name = rule["alert"]
        if rule["annotations"]["runbook"] != f"docs/runbooks/{name}.md" or name not in pages:
            wrong.append(f"{name} has no page docs/runbooks/{name}.md")
        elif rule["expr"] not in (ROOT / f"docs/runbooks/{name}.md").read_text():
            wrong.append(f"docs/runbooks/{name}.md shows another expression than the rule has")
        if f"[{name}]" not in index:
            wrong.append(f"docs/runbooks/README.md does not list {name}")
        if not re.search(rf"alertname: {name}\n\s*exp_alerts:\n", tests) or f"alertname: {name}, exp_alerts: []" not in tests:
            wrong.append(f"{name} has no unit test in which it is raised, or none in which it is not")
    for page in sorted(pages - {rule["alert"] for rule in alerts}):
        wrong.append(f"docs/runbooks/{page}.md is of no alert")
    count = len(list(expressions()))
    records = [rule for rule in rules() if "record" in rule]
    for line in sorted(set(wrong)):
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(alerts)} alerts with pages and tests, {len(records)} records, {count} expressions")
    return 1 if wrong else 0


def undocumented():
    """Metrics of an expression that operators are not told of."""
    documented = (ROOT / "docs/operating.md").read_text()
    records = {rule["record"] for rule in rules() if "record" in rule}
    for place, expression in expressions():
        for name in re.findall(r"\b(?:\w+:)?(?:onsale|process)[_:][a-z0-9_:]+", re.sub(r'"[^"]*"', '""', expression)):
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            if name not in records and f"`{name}`" not in documented and f"`{base}`" not in documented:
                yield f"docs/operating.md does not have {name}, which {place} asks for"


def get(url, path, **query):
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
        return json.load(answer)["data"]


def ask(url):
    wrong = sorted(set(undocumented()))
    asked = list(expressions())
    missing = asked
    end = time.monotonic() + PATIENCE
    while missing and time.monotonic() < end:
        missing = [(place, text) for place, text in missing if not get(url, "query", query=text)["result"]]
        if missing:
            time.sleep(1)
    wrong += [f"no data: {place}: {text}" for place, text in missing]
    targets = get(url, "targets")["activeTargets"]
    wrong += [f"{target['scrapeUrl']}: {target['lastError']}" for target in targets if target["health"] != "up"]
    for group in get(url, "rules")["groups"]:
        wrong += [f"{rule['name']}: {rule['lastError']}" for rule in group["rules"] if rule["health"] != "ok"]
    raised = get(url, "alerts")["alerts"]
    wrong += [f"raised: {alert['labels']['alertname']}" for alert in raised if alert["state"] == "firing"]
    # What is not there has no data: the question itself can be answered with no.
    if get(url, "query", query="onsale_of_which_there_is_none")["result"]:
        wrong.append("control: there is data of a metric that does not exist")
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(asked)} expressions of dashboards and rules have data; {len(targets)} targets are up; no alert is raised")
    return 1 if wrong else 0


sys.exit(check() if sys.argv[1] == "check" else ask(sys.argv[2]))
