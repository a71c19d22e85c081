// Builds the web app: bundles by esbuild, index.html, compressed forms, and the check of the first view's size.
//
//     node build.mjs SOURCE OUTPUT PAYMENTS
//
// Everything under `assets/` has a hash of its content in its name and may be kept for ever; the rest is small and asked
// for again each time.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { constants, gzipSync } from "node:zlib";

/** The most bytes of compressed script that the first view may need. */
const FIRST_VIEW_LIMIT = 80_000;

const [source, output, payments] = process.argv.slice(2);
const building = `${output}.new`;
const metafile = `${building}.json`;

/** @param names How the files of entry points are called. */
function esbuild(names, ...options) {
    execFileSync(
        "esbuild",
        [
            ...options, "--bundle", "--minify", "--sourcemap=external", "--charset=utf8", "--log-level=warning",
            "--target=es2020,chrome90,firefox90,safari15", "--jsx=automatic", `--tsconfig=${join(source, "tsconfig.build.json")}`,
            "--define:process.env.NODE_ENV=\"production\"", `--define:__PAYMENTS__="${payments}"`, "--legal-comments=linked", `--outdir=${building}`,
            `--entry-names=${names}`, "--chunk-names=assets/[name]-[hash]",
            `--metafile=${metafile}`,
        ],
        // Debian keeps React where Node does not look by itself.
        { stdio: "inherit", env: { ...process.env, NODE_PATH: "/usr/share/nodejs" } },
    );
    return JSON.parse(readFileSync(metafile, "utf8")).outputs;
}

const size = (file) => gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION }).length;
const HASHED = "assets/[name]-[hash]";
const named = (path) => path.slice(path.indexOf(`${basename(building)}/`) + basename(building).length + 1);

/** A script with every other that it imports before it runs. */
function reached(start) {
    const found = new Set();
    const queue = [start];
    while (queue.length > 0) {
        const file = queue.pop();
        if (found.has(file)) continue;
        found.add(file);
        for (const imported of outputs[file].imports) {
            if (imported.kind === "import-statement") queue.push(imported.path);
        }
    }
    return found;
}

rmSync(building, { recursive: true, force: true });
mkdirSync(join(building, "assets"), { recursive: true });

// Runs before the page is painted, so it is no module.
const boot = esbuild(HASHED, join(source, "src/boot.ts"), "--format=iife");
const bootFile = Object.keys(boot).find((file) => file.endsWith(".js"));
const outputs = esbuild(HASHED, join(source, "src/main.tsx"), "--format=esm", "--splitting");

// The script of the first view: the entry with everything that it imports before it runs.
const entry = Object.keys(outputs).find((file) => outputs[file].entryPoint?.endsWith("src/main.tsx"));
const first = reached(entry);
const style = outputs[entry].cssBundle ?? Object.keys(outputs).find((file) => file.endsWith(".css"));

const preloads = [...first].filter((file) => file !== entry).map((file) => `<link rel="modulepreload" href="/${named(file)}">`);
const html = readFileSync(join(source, "index.html"), "utf8")
    .replace("<!-- style -->", `<link rel="stylesheet" href="/${named(style)}">`)
    .replace("<!-- boot -->", `<script src="/${named(bootFile)}"></script>`)
    .replace(
        "<!-- app -->",
        [...preloads, `<script type="module" src="/${named(entry)}"></script>`].join("\n    "),
    );
writeFileSync(join(building, "index.html"), html);
cpSync(join(source, "static"), building, { recursive: true });

// The gate's worker keeps what the gate's page needs, in every language. It is found by its name, so that has no hash.
const parts = Object.keys(outputs).filter((file) =>
    /\/src\/(features\/gate\/index\.tsx|i18n\/\w+(-\w+)?\.ts)$/.test(outputs[file].entryPoint ?? ""));
const needed = [...new Set([bootFile, style, ...reached(entry), ...parts.flatMap((part) => [...reached(part)])])]
    .map((file) => `/${named(file)}`);
const version = createHash("sha256").update(html).update(needed.join()).digest("hex").slice(0, 16);
esbuild(
    "[name]", join(source, "src/worker/gate-worker.ts"), "--format=iife",
    `--define:__FILES__=${JSON.stringify(needed)}`, `--define:__VERSION__="${version}"`,
);

// Source maps are for whoever looks for a fault, not for the public.
mkdirSync(`${output}.maps`, { recursive: true });
for (const folder of ["", "assets"]) {
    for (const file of readdirSync(join(building, folder))) {
        if (file.endsWith(".map")) renameSync(join(building, folder, file), join(`${output}.maps`, file));
    }
}

for (const folder of ["", "assets"]) {
    for (const file of readdirSync(join(building, folder))) {
        if (!/\.(js|css|html|svg|webmanifest)$/.test(file)) continue;
        const path = join(building, folder, file);
        const bytes = readFileSync(path);
        const zipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
        if (zipped.length < bytes.length * 0.9) writeFileSync(`${path}.gz`, zipped);
    }
}

// A language's words are one script more; the largest counts.
const languages = Object.keys(outputs).filter((file) => /\/i18n\/[a-z]{2}\.ts$/.test(outputs[file].entryPoint ?? ""));
const firstView = [bootFile, ...first].reduce((sum, file) => sum + size(file), Math.max(0, ...languages.map(size)));
const all = readdirSync(join(building, "assets")).filter((file) => file.endsWith(".js"));
const total = all.reduce((sum, file) => sum + size(join(building, "assets", file)), 0);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
    `first view: ${kilobytes(firstView)} of compressed script in the largest language (at most ${kilobytes(FIRST_VIEW_LIMIT)}), ` +
        `style ${kilobytes(size(style))}; all ${all.length} scripts ${kilobytes(total)}`,
);
rmSync(metafile);
if (firstView > FIRST_VIEW_LIMIT) {
    console.error("the first view has more script than it may have");
    process.exit(1);
}

// Pages that are open go on asking for the files of the build before, also where gateways change one after the other.
const list = `${output}.assets.json`;
const own = readdirSync(join(building, "assets"));
for (const file of existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : []) {
    const kept = join(output, "assets", file);
    if (!own.includes(file) && existsSync(kept)) cpSync(kept, join(building, "assets", file));
}
writeFileSync(list, JSON.stringify(own));

// Only a whole build takes the place of the one before.
if (existsSync(output)) rmSync(output, { recursive: true });
renameSync(building, output);
