import type { Event, ImageAnnouncement } from "#openapi";
import { call } from "../../api/client";

const types: ReadonlyArray<ImageAnnouncement["contentType"]> = ["image/png", "image/jpeg", "image/webp", "image/avif"];
const MOST_BYTES = 8 * 1024 * 1024;

export type UploadStep = { kind: "sending"; fraction: number } | { kind: "checking" };

/** Why a file is not even tried; undefined: it is. */
export function unfit(file: { type: string; size: number }): "type" | "size" | undefined {
    if (!types.some((type) => type === file.type)) return "type";
    return file.size < 1 || file.size > MOST_BYTES ? "size" : undefined;
}

/** Sends an image straight to the storage, as the gateway says, and has it shown. */
export async function uploadImage(eventId: string, file: File, tell: (step: UploadStep) => void): Promise<Event> {
    tell({ kind: "sending", fraction: 0 });
    const contentType = types.find((type) => type === file.type) ?? "image/png";
    const upload = await call("beginImage", { path: { id: eventId }, body: { contentType, size: file.size } });
    await put(upload.url, upload.headers, file, (fraction) => tell({ kind: "sending", fraction }));
    tell({ kind: "checking" });
    return call("completeImage", { path: { id: eventId }, body: { key: upload.key } });
}

/** `fetch` tells nothing of how far it has come; `XMLHttpRequest` does. */
function put(
    url: string, headers: Record<string, string>, file: File, progress: (fraction: number) => void,
): Promise<void> {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("PUT", url);
        for (const [name, value] of Object.entries(headers)) {
            // The browser sets it itself, and lets nobody else.
            if (name.toLowerCase() !== "content-length" && name.toLowerCase() !== "host") request.setRequestHeader(
                name, value,
            );
        }
        request.upload.addEventListener("progress", (event) => {
            if (event.lengthComputable) progress(event.loaded / event.total);
        });
        request.addEventListener("load", () => {
            if (request.status >= 200 && request.status < 300) resolve();
            else reject(new Error(`${request.status} ${request.statusText}`));
        });
        request.addEventListener("error", () => reject(new Error("the storage does not answer")));
        request.send(file);
    });
}
