"""What the report from the Windows program must say."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
checks = {check["id"]: check for check in report["checks"]}
findings = {f"{check['id']}/{finding['id']}": finding for check in report["checks"] for finding in check["findings"]}


def need(what, truth):
    if not truth:
        sys.exit(f"cross: {what}\n{json.dumps(report, indent=1, ensure_ascii=False)}")


need("version 1", report["schema_version"] == 1)
need("git.exe was run", "2.47.1.windows.2" in checks["git-version"]["summary"])
helpers = report["git_view"]["helpers"]
need("both helpers are seen, in order", [helper["helper"] for helper in helpers] == ["!aws codecommit credential-helper $@", "manager"])
need("the profile folder is shown as ~ and lines are found in a CRLF file", [(helper["source"], helper["line"]) for helper in helpers] == [("~/.gitconfig", 2), ("~/.gitconfig", 5)])
stored = findings.get("keychain/expired-signature-stored")
need("cmdkey.exe was asked", stored is not None)
need("the entry is deleted with cmdkey", any("cmdkey" in command for fix in stored["fixes"] for command in fix["commands"]))
need("nobody else's entry is named", "github.com" not in json.dumps(report))
print("cross: the Windows program sees what it should")
