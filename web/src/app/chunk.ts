/** The pauses before an import that has failed is tried again: a connection that breaks for a moment, a deployment. */
const PAUSES_MS = [300, 1000, 3000];

/** Imports a part of the app, again when it fails: `lazy` keeps a failure for good. */
export async function chunk<Part>(load: () => Promise<Part>, pausesMs: readonly number[] = PAUSES_MS): Promise<Part> {
    for (const pauseMs of pausesMs) {
        try {
            return await load();
        } catch {
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
    }
    return load();
}
