// As much of Node as the tests use: Debian has no types of it beside the `nodejs` of its own.
declare module "node:test" {
    export default function test(name: string, run: () => void | Promise<void>): void;
}
declare module "node:assert/strict" {
    interface Assert {
        equal(actual: unknown, expected: unknown, message?: string): void;
        deepEqual(actual: unknown, expected: unknown, message?: string): void;
        ok(value: unknown, message?: string): asserts value;
        match(text: string, pattern: RegExp): void;
        rejects(promise: Promise<unknown>, expected?: object): Promise<void>;
    }
    const assert: Assert;
    export default assert;
}
