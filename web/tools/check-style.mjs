// What the compiler does not say: no `any`, nothing of another origin, no HTML from strings.
//
//     node check-style.mjs FOLDER

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const rules = [
    [/[:<,|&(]\s*any\b(?!\w)|\bas any\b/, "no `any`: say what it is, or `unknown`"],
    [/@ts-(ignore|nocheck|expect-error)/, "no fault of types is silenced"],
    [/dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(/, "no HTML or code from strings"],
    [/["'`(]https?:\/\/(?!www\.w3\.org\/)/, "nothing is loaded from another origin"],
];

let faults = 0;
function visit(path) {
    if (statSync(path).isDirectory()) {
        for (const name of readdirSync(path)) visit(join(path, name));
        return;
    }
    if (!/\.(tsx?|css)$/.test(path)) return;
    readFileSync(path, "utf8").split("\n").forEach((line, index) => {
        if (/^\s*(\/\/|\*|\/\*)/.test(line)) return;
        for (const [pattern, message] of rules) {
            if (pattern.test(line)) {
                console.error(`${path}:${index + 1}: ${message}: ${line.trim()}`);
                faults += 1;
            }
        }
    });
}
visit(process.argv[2]);
if (faults > 0) process.exit(1);
