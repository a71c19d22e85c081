import { request } from "../../api/client";
import { ApiError } from "../../api/problem";

/** Where an account is signed in. */
export interface SessionEntry {
    id: string;
    createdAt: string;
    lastUsedAt: string;
    current: boolean;
    userAgent?: string;
}

/** undefined: this service does not list them. */
export async function listSessions(signal: AbortSignal): Promise<readonly SessionEntry[] | undefined> {
    try {
        const response = await request("GET", "/api/auth/sessions", { signal });
        return ((await response.json()) as { items: SessionEntry[] }).items;
    } catch (error) {
        const problem = ApiError.of(error);
        if (problem.status === 404 || problem.status === 405) return undefined;
        throw problem;
    }
}

export async function endSession(id: string): Promise<void> {
    await request("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`);
}

/** Browser and system in two words, as far as the text that browsers send tells. */
export function deviceOf(userAgent: string | undefined): string | undefined {
    if (userAgent === undefined) return undefined;
    const browser = /Edg\//.test(userAgent)
        ? "Edge"
        : /OPR\//.test(userAgent) ? "Opera"
        : /Firefox\//.test(userAgent) ? "Firefox"
        : /Chrom(e|ium)\//.test(userAgent) ? "Chrome"
        : /Safari\//.test(userAgent) ? "Safari"
        : undefined;
    const system = /iPhone|iPad/.test(userAgent)
        ? "iOS"
        : /Android/.test(userAgent) ? "Android"
        : /Windows/.test(userAgent) ? "Windows"
        : /Mac OS X/.test(userAgent) ? "macOS"
        : /Linux/.test(userAgent) ? "Linux"
        : undefined;
    const text = [browser, system].filter(Boolean).join(", ");
    return text === "" ? userAgent.slice(0, 60) : text;
}
