/**
 * Every page of the app by name. Mails link to `order`, `ticket` and `resetPassword`, so these never change.
 *
 * React Router is not among Debian's packages, and this is all of it that the app needs: names, typed parameters, the
 * history API.
 */
export const routes = {
    events: "/",
    event: "/events/:id",
    tickets: "/tickets",
    ticket: "/tickets/:code",
    orders: "/orders",
    order: "/orders/:id",
    signIn: "/sign-in",
    register: "/register",
    forgotPassword: "/forgot-password",
    resetPassword: "/reset-password",
    account: "/account",
    organise: "/organise",
    newEvent: "/organise/events/new",
    dashboard: "/organise/events/:id",
    editEvent: "/organise/events/:id/edit",
    eventOrders: "/organise/events/:id/orders",
    users: "/organise/users",
    audit: "/organise/audit",
    gates: "/gate",
    gate: "/gate/:id",
} as const;

export type RouteName = keyof typeof routes;

type Parameters<Pattern extends string> = Pattern extends `${string}:${infer Name}/${infer Rest}`
    ? Name | Parameters<`/${Rest}`>
    : Pattern extends `${string}:${infer Name}`
      ? Name
      : never;

export type RouteParameters<Name extends RouteName> = { [Key in Parameters<(typeof routes)[Name]>]: string };

/** Asks for parameters where a route has some, and takes none where it has none. */
export type RouteArguments<Name extends RouteName> = keyof RouteParameters<Name> extends never
    ? []
    : [parameters: RouteParameters<Name>];

export function href<Name extends RouteName>(name: Name, ...[parameters]: RouteArguments<Name>): string {
    const values = (parameters ?? {}) as Record<string, string>;
    return routes[name].replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? ""));
}

export type Match = { [Name in RouteName]: { name: Name; parameters: RouteParameters<Name> } }[RouteName];

/** The page at a path. What is written out goes before what is a parameter, as in the table. */
export function match(path: string): Match | undefined {
    const parts = path.replace(/\/+$/, "").split("/");
    for (const [name, pattern] of Object.entries(routes)) {
        const wanted = pattern.replace(/\/+$/, "").split("/");
        if (wanted.length !== parts.length) continue;
        const parameters: Record<string, string> = {};
        const fits = wanted.every((part, index) => {
            const given = parts[index] ?? "";
            if (!part.startsWith(":")) return part === given;
            if (given === "") return false;
            try {
                parameters[part.slice(1)] = decodeURIComponent(given);
                return true;
            } catch {
                return false;
            }
        });
        if (fits) return { name, parameters } as Match;
    }
    return undefined;
}
