import type { AnchorHTMLAttributes, MouseEvent, ReactElement, ReactNode } from "react";
import { navigate } from "./location";
import { href, type RouteName, type RouteParameters } from "./routes";

type Props<Name extends RouteName> = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & {
    to: Name;
    query?: string;
    children?: ReactNode;
} & (keyof RouteParameters<Name> extends never ? { parameters?: undefined } : { parameters: RouteParameters<Name> });

/** A real link, so that it can be opened in another tab; a plain click stays in the app. */
export function Link<Name extends RouteName>({
    to, parameters, query, children, onClick, ...rest
}: Props<Name>): ReactElement {
    const make = href as (name: RouteName, parameters?: Record<string, string>) => string;
    const address = make(to, parameters as Record<string, string> | undefined) + (query ?? "");
    function clicked(event: MouseEvent<HTMLAnchorElement>): void {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey ||
            event.altKey) return;
        event.preventDefault();
        navigate(address);
    }
    return (
        <a href={address} onClick={clicked} {...rest}>
            {children}
        </a>
    );
}
