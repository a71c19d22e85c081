// Writes TypeScript types of everything that openapi.yaml describes, so that what the app sends and reads is checked
// against it whenever the app is built: schemas as types, operations by their `operationId`.
//
//     node generate-api.mjs openapi.yaml OUTPUT.ts

import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

// Debian keeps its packages for Node here; a plain `import` does not look there.
const yaml = createRequire(import.meta.url)("/usr/share/nodejs/js-yaml");

const [source, output] = process.argv.slice(2);
const document = yaml.load(readFileSync(source, "utf8"));

/** What a `$ref` stands for. */
function resolved(node) {
    if (!node?.$ref) return node;
    return resolved(node.$ref.slice(2).split("/").reduce((at, key) => at[key], document));
}

const name = (reference) => reference.split("/").at(-1);
const key = (text) => (/^[A-Za-z_$][\w$]*$/.test(text) ? text : JSON.stringify(text));

/** A schema as a TypeScript type. */
function type(schema) {
    if (schema === undefined) return "unknown";
    if (schema.$ref) return name(schema.$ref);
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return choices.map(type).join(" | ");
    if (schema.allOf) return schema.allOf.map((part) => `(${type(part)})`).join(" & ");
    if (Array.isArray(schema.type)) {
        return schema.type.map((each) => type({ ...schema, type: each })).join(" | ");
    }
    switch (schema.type) {
        case "string":
            return "string";
        case "integer":
        case "number":
            return "number";
        case "boolean":
            return "boolean";
        case "null":
            return "null";
        case "array":
            return `Array<${type(schema.items)}>`;
        case "object": {
            if (!schema.properties) return `Record<string, ${type(schema.additionalProperties || undefined)}>`;
            const required = new Set(schema.required ?? []);
            const fields = Object.entries(schema.properties).map(
                ([field, value]) => `${key(field)}${required.has(field) ? "" : "?"}: ${type(value)};`,
            );
            return `{ ${fields.join(" ")} }`;
        }
        default:
            return "unknown";
    }
}

/** Parameters of one place as an object type. */
function parameters(all, place) {
    const fields = all
        .filter((parameter) => parameter.in === place)
        .map((parameter) => `${key(parameter.name)}${parameter.required ? "" : "?"}: ${type(parameter.schema)};`);
    return fields.length === 0 ? "{}" : `{ ${fields.join(" ")} }`;
}

/** The type of a successful answer; what is not JSON is read as a blob. */
function answer(operation) {
    const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
    const content = resolved(success[1]).content;
    if (!content) return "undefined";
    return content["application/json"] ? type(content["application/json"].schema) : "Blob";
}

const lines = ["// Made from openapi.yaml by web/tools/generate-api.mjs.", ""];
for (const [schema, node] of Object.entries(document.components.schemas)) {
    lines.push(`export type ${schema} = ${type(node)};`);
}
const table = [];
lines.push("", "export interface Operations {");
for (const [path, item] of Object.entries(document.paths)) {
    const shared = (item.parameters ?? []).map(resolved);
    for (const method of ["get", "post", "put", "patch", "delete"]) {
        const operation = item[method];
        if (!operation) continue;
        const all = [...shared, ...(operation.parameters ?? []).map(resolved)];
        const body = operation.requestBody?.content["application/json"]?.schema;
        lines.push(
            `    ${operation.operationId}: {`,
            `        path: ${parameters(all, "path")};`,
            `        query: ${parameters(all, "query")};`,
            `        body: ${body ? type(body) + (operation.requestBody.required ? "" : " | undefined") : "undefined"};`,
            `        answer: ${answer(operation)};`,
            "    };",
        );
        table.push(`    ${operation.operationId}: ["${method.toUpperCase()}", "${path}"],`);
    }
}
lines.push("}", "", "/** Method and path of each operation. */", "export const operations = {", ...table, "} as const;", "");
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, lines.join("\n"));
