import assert from "node:assert/strict";
import test from "node:test";
import { chunk } from "../../src/app/chunk";

test("a part that fails to load is asked for again, and its failure is said when it goes on", async () => {
    let asked = 0;
    const part = await chunk(async () => {
        asked += 1;
        if (asked < 3) throw new Error("no network");
        return "part";
    }, [0, 0]);
    assert.deepEqual([part, asked], ["part", 3]);
    await assert.rejects(chunk(async () => { throw new Error("gone"); }, [0]), { message: "gone" });
});
