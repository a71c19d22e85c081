import type { Account, Role, Session } from "#openapi";
import { createStore } from "../state/store";
import { call, request, useTokens } from "./client";
import { backoff } from "./backoff";
import { pause } from "./pause";
import { ApiError } from "./problem";

/**
 * Who is signed in. `unknown` until the cookie of an earlier visit was tried; while nobody answers that, it says what
 * the account of that visit was.
 *
 * The access token is in this module's memory alone. The refresh token is in a cookie that no script can read, is sent
 * to `/api/auth` alone, and never to a request that another site has caused (`SameSite=Strict`); beside it a header is
 * asked for that no form can send. So injected script could act while the page is open, and could take nothing with it.
 */
export type SessionState =
    | { kind: "unknown"; unanswered?: Role }
    | { kind: "signedOut"; because?: "expired" }
    | { kind: "signedIn"; account: Account };

export const session = createStore<SessionState>({ kind: "unknown" });

/**
 * Says that there is a cookie to try, so that visitors without an account cause no request: the role of its account. It
 * decides which page is shown without an answer, and opens nothing.
 */
const HINT = "onsale.session";
/** Says that a sign-out has not come there: its cookie must not come to life again. The value is its body. */
const OWED = "onsale.signOutOwed";
/** Renewed so long before its end. */
const MARGIN_MS = 30_000;
/** How long before an opening it is renewed. */
const EARLY_MS = { least: 60_000, most: 300_000 };
/** Timers take 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Without it no session's cookie is taken or given: a page of another origin could not send it. */
export const COOKIE = { "X-Onsale-Session": "cookie" };

let access: { token: string; expiresAt: number } | undefined;
let renewal: Promise<string | undefined> | undefined;
let payment: Promise<void> | undefined;
const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("onsale.session");

export function startSession(): void {
    useTokens({ token: currentToken, renewed: (refused) => (access?.token === refused ? renew() : currentToken()) });
    tabs?.addEventListener("message", (event: MessageEvent<unknown>) => {
        if (event.data === "signedOut") forget();
        if (event.data === "signedIn") void begin(0);
    });
    window.addEventListener("online", () => void payOwed().catch(() => undefined));
    if (hint() !== undefined) {
        void begin(0);
        return;
    }
    session.set({ kind: "signedOut" });
    void payOwed().catch(() => undefined);
}

/** Until it is known who this is: a service that does not answer yet is asked again. */
async function begin(attempt: number): Promise<void> {
    try {
        await renew();
    } catch {
        const role = hint();
        if (session.get().kind === "unknown" && role !== undefined) session.set({ kind: "unknown", unanswered: role });
        await pause(backoff(attempt), new AbortController().signal);
        if (session.get().kind === "unknown") void begin(attempt + 1);
    }
}

async function currentToken(): Promise<string | undefined> {
    if (access !== undefined && access.expiresAt - MARGIN_MS > Date.now()) return access.token;
    if (hint() === undefined && access === undefined) return undefined;
    try {
        return await renew();
    } catch (error) {
        // Who exchanges cookies may be overloaded while whoever sells is not; the last one is good to its end.
        if (access !== undefined && access.expiresAt > Date.now()) return access.token;
        throw error;
    }
}

/**
 * Renews the token ahead of a moment when many will ask at once, so that nobody's click waits for it: at a random moment
 * of the minutes before, and only if it would end by then.
 *
 * @param at On the own clock, in milliseconds since 1970.
 * @returns Takes it back.
 */
export function renewBefore(at: number): () => void {
    const early = EARLY_MS.least + Math.random() * (EARLY_MS.most - EARLY_MS.least);
    const timer = setTimeout(() => {
        if (access !== undefined && access.expiresAt - MARGIN_MS < at + EARLY_MS.least) renew().catch(() => undefined);
    }, Math.min(Math.max(0, at - early - Date.now()), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
}

/** Exchanges the cookie for a token, once for all who ask meanwhile, and one tab after the other. */
function renew(): Promise<string | undefined> {
    renewal ??= inTurn("onsale.session", exchange).finally(() => {
        renewal = undefined;
    });
    return renewal;
}

async function exchange(): Promise<string | undefined> {
    try {
        await payOwed();
        const response = await request("POST", "/api/auth/refresh", { headers: COOKIE, as: "none" });
        const answer = (await response.json()) as Session;
        take(answer);
        return answer.token;
    } catch (error) {
        const problem = ApiError.of(error);
        // Not now is not never: the session is over only when the server says so.
        if (problem.isPassing) throw problem;
        forget("expired");
        return undefined;
    }
}

/** Web Locks are there in secure contexts only; without them the server's grace for repeated exchanges has to do. */
function inTurn<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
    if (!("locks" in navigator)) return work();
    return navigator.locks.request(name, work) as Promise<Value>;
}

function take(answer: Session): void {
    access = { token: answer.token, expiresAt: Date.now() + lifetime(answer.token, answer.expiresAt) };
    remember(answer.user.role);
    session.set({ kind: "signedIn", account: answer.user });
}

/** How long a token is good, by its own times, so that a wrong clock here does no harm. */
function lifetime(token: string, expiresAt: string): number {
    try {
        const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
        const claims = JSON.parse(atob(part)) as { iat?: number; exp?: number };
        if (claims.iat !== undefined && claims.exp !== undefined) return (claims.exp - claims.iat) * 1000;
    } catch {
        // A token of another kind: by the clock, then.
    }
    return Date.parse(expiresAt) - Date.now();
}

function forget(because?: "expired"): void {
    const wasSignedIn = session.get().kind === "signedIn";
    access = undefined;
    remember(undefined);
    session.set(because && wasSignedIn ? { kind: "signedOut", because } : { kind: "signedOut" });
}

function hint(): Role | undefined {
    try {
        const role = localStorage.getItem(HINT);
        return role === null ? undefined : role === "admin" ? "admin" : "user";
    } catch {
        return undefined;
    }
}

function remember(role: Role | undefined): void {
    try {
        if (role !== undefined) localStorage.setItem(HINT, role);
        else localStorage.removeItem(HINT);
    } catch {
        // Without storage a session lasts as long as the page.
    }
}

/** Sends a sign-out that has not come there, once for all who ask and all tabs; throws as long as it does not come there. */
function payOwed(): Promise<void> {
    payment ??= inTurn("onsale.signOut", sendOwed).finally(() => {
        payment = undefined;
    });
    return payment;
}

async function sendOwed(): Promise<void> {
    let owed: string | null = null;
    try {
        owed = localStorage.getItem(OWED);
    } catch {
        // Nothing was kept.
    }
    if (owed === null) return;
    try {
        await call("logout", { as: "none", headers: COOKIE, body: { everywhere: owed === "everywhere" } });
    } catch (error) {
        // A refusal says that there is no such session any more.
        if (ApiError.of(error).isPassing) throw error;
    }
    owe(undefined);
}

function owe(what: "here" | "everywhere" | undefined): void {
    try {
        if (what === undefined) localStorage.removeItem(OWED);
        else localStorage.setItem(OWED, what);
    } catch {
        // Without storage it is tried once.
    }
}

export async function signIn(email: string, password: string): Promise<void> {
    await payOwed().catch(() => undefined);
    take(await call("login", { as: "none", headers: COOKIE, body: { email, password, session: "cookie" } }));
    began();
}

export async function register(email: string, password: string, name: string): Promise<void> {
    await payOwed().catch(() => undefined);
    const body = { email, password, session: "cookie" as const, ...(name === "" ? {} : { name }) };
    take(await call("register", { as: "none", headers: COOKIE, body }));
    began();
}

/** The new cookie has taken the place of one that was to be ended. */
function began(): void {
    owe(undefined);
    tabs?.postMessage("signedIn");
}

export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
    const body = { currentPassword, newPassword, session: "cookie" as const };
    take(await call("changePassword", { headers: COOKIE, body }));
}

/** Here it holds at once; without a network the service hears of it as soon as there is one. */
export async function signOut(everywhere = false): Promise<void> {
    owe(everywhere ? "everywhere" : "here");
    forget();
    tabs?.postMessage("signedOut");
    await payOwed().catch(() => undefined);
}

/** After the account was changed by other means. */
export function accountChanged(account: Account): void {
    if (session.get().kind === "signedIn") session.set({ kind: "signedIn", account });
}

/** Once it is known whether somebody is signed in. */
export function whenKnown(): Promise<SessionState> {
    return new Promise((resolve) => {
        const now = session.get();
        if (now.kind !== "unknown") {
            resolve(now);
            return;
        }
        const stop = session.watch(() => {
            stop();
            resolve(session.get());
        });
    });
}
