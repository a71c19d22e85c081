import { createStore } from "../state/store";
import { href, match, type Match, type RouteArguments, type RouteName } from "./routes";

export interface Location {
    path: string;
    search: string;
    hash: string;
    /** undefined: there is no such page. */
    page: Match | undefined;
    /** Counts pages that were gone to, also to the one that one is on; not what changes the address of a page. */
    visit: number;
}

function current(visit: number): Location {
    const { pathname, search, hash } = window.location;
    return { path: pathname, search, hash, page: match(pathname), visit };
}

export const here = createStore<Location>(current(1));

window.addEventListener("popstate", () => here.set(({ visit }) => current(visit + 1)));

/** @param to An address of this app. */
export function navigate(to: string, how: { replace?: boolean } = {}): void {
    if (how.replace === true) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    here.set(({ path, visit }) => {
        const isSamePage = how.replace === true && path === window.location.pathname;
        return current(isSamePage ? visit : visit + 1);
    });
    if (how.replace !== true) window.scrollTo(0, 0);
}

export function go<Name extends RouteName>(name: Name, ...parameters: RouteArguments<Name>): void {
    navigate(href(name, ...parameters));
}

/** Where to go after signing in: a path of this app, whatever the address says. */
export function safeReturn(search: string): string {
    const to = new URLSearchParams(search).get("to") ?? "/";
    return /^\/(?![/\\])/.test(to) ? to : "/";
}

/** The sign-in page, which comes back to where one is. */
export function signInAddress(to: string = window.location.pathname + window.location.search): string {
    return `${href("signIn")}?to=${encodeURIComponent(to)}`;
}
