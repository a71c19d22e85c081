import { operations, type Operations } from "#openapi";
import { ServerClock } from "./clock";
import { ApiError } from "./problem";

export const serverClock = new ServerClock();

/** Longer than the 20 s of a long poll: a socket that a laptop took to sleep with it never answers. */
const ANSWER_LIMIT_MS = 30_000;

/** What gives requests their token; `session.ts` puts itself here. */
export interface TokenSource {
    /** The access token; undefined when nobody is signed in. */
    token(): Promise<string | undefined>;
    /** Called when a token was refused. Gives the next one, or undefined when the session is over. */
    renewed(refused: string): Promise<string | undefined>;
}

let tokens: TokenSource = { token: async () => undefined, renewed: async () => undefined };

export function useTokens(source: TokenSource): void {
    tokens = source;
}

type Fields<Part> = { [Key in keyof Part]: Part[Key] };

/** Only what an operation has must, and can, be given. */
type Arguments<Name extends keyof Operations> = (keyof Operations[Name]["path"] extends never
    ? unknown
    : { path: Fields<Operations[Name]["path"]> }) &
    (keyof Operations[Name]["query"] extends never ? unknown : { query?: Fields<Operations[Name]["query"]> }) &
    (undefined extends Operations[Name]["body"]
        ? { body?: Exclude<Operations[Name]["body"], undefined> }
        : { body: Operations[Name]["body"] }) &
    Options;

export interface Options {
    signal?: AbortSignal;
    headers?: Record<string, string>;
    /** `none`: as nobody, also when somebody is signed in. */
    as?: "none";
    cache?: RequestCache;
    /** The longest that the answer with all its body may take; half a minute where it is not given. */
    limitMs?: number;
}

interface Loose extends Options {
    path?: Record<string, string>;
    query?: Record<string, string | number | boolean | undefined>;
    body?: unknown;
}

/** Calls an operation of the API by its name in openapi.yaml, and gives what it answers. */
export async function call<Name extends keyof Operations>(
    name: Name,
    ...[given]: Record<string, never> extends Arguments<Name> ? [given?: Arguments<Name>] : [given: Arguments<Name>]
): Promise<Operations[Name]["answer"]> {
    const response = await send(name, given as Loose | undefined);
    return (await read(response)) as Operations[Name]["answer"];
}

/** The same, for whoever needs the status or a header: also 304 is an answer. */
export async function send(name: keyof Operations, given: Loose = {}): Promise<Response> {
    const [method, template] = operations[name];
    return request(method, address(template, given), given);
}

/** A request of any path; an answer that is none of success throws an `ApiError`. */
export async function request(method: string, path: string, given: Loose = {}): Promise<Response> {
    const token = given.as === "none" ? undefined : await tokens.token();
    let response = await fetchOnce(method, path, given, token);
    if (response.status === 401 && token !== undefined) {
        const next = await tokens.renewed(token);
        if (next !== undefined) response = await fetchOnce(method, path, given, next);
    }
    if (!response.ok && response.status !== 304) throw await ApiError.from(response);
    return response;
}

async function fetchOnce(method: string, path: string, given: Loose, token: string | undefined): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json", ...given.headers };
    if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
    const init: RequestInit = { method, headers, credentials: "same-origin", redirect: "error" };
    if (given.body !== undefined) {
        headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(given.body);
    }
    if (given.cache !== undefined) init.cache = given.cache;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), given.limitMs ?? ANSWER_LIMIT_MS);
    const forward = (): void => abort.abort();
    if (given.signal?.aborted) abort.abort();
    given.signal?.addEventListener("abort", forward);
    init.signal = abort.signal;
    const sentAt = Date.now();
    try {
        const response = await whole(await fetch(path, init));
        // A cached answer has an old date.
        if (given.cache === "no-store") learnTime(response, sentAt);
        return response;
    } catch (error) {
        throw ApiError.of(error);
    } finally {
        clearTimeout(timer);
        given.signal?.removeEventListener("abort", forward);
    }
}

/** With its body, so that the time limit and the signal hold for that too. */
async function whole(response: Response): Promise<Response> {
    const { status, statusText, headers } = response;
    const isEmpty = status === 204 || status === 205 || status === 304;
    return new Response(isEmpty ? null : await response.arrayBuffer(), { status, statusText, headers });
}

function learnTime(response: Response, sentAt: number): void {
    const date = Date.parse(response.headers.get("Date") ?? "");
    if (!Number.isNaN(date)) serverClock.learn(date, sentAt, Date.now());
}

async function read(response: Response): Promise<unknown> {
    try {
        if (response.status === 204 || response.headers.get("Content-Length") === "0") return undefined;
        const type = response.headers.get("Content-Type") ?? "";
        if (type.startsWith("application/json")) return await response.json();
        return type === "" ? undefined : await response.blob();
    } catch (error) {
        throw ApiError.of(error);
    }
}

function address(template: string, given: Loose): string {
    const path = template.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(given.path?.[field] ?? ""));
    const query = new URLSearchParams();
    for (const [field, value] of Object.entries(given.query ?? {})) {
        if (value !== undefined && value !== "") query.set(field, String(value));
    }
    const text = query.toString();
    return text === "" ? path : `${path}?${text}`;
}

/** Asks the server for the time until it is known to a tenth of a second, or five times. */
export async function learnServerTime(signal: AbortSignal): Promise<void> {
    for (let round = 0; round < 5 && !signal.aborted; round += 1) {
        try {
            await request("GET", "/healthz", { cache: "no-store", as: "none", signal });
        } catch {
            // The own clock will do until there is an answer.
        }
        if (serverClock.error < 100) return;
        await new Promise((resolve) => setTimeout(resolve, serverClock.pauseUntilTelling()));
    }
}
