import { useEffect, useRef, type ReactElement, type ReactNode } from "react";
import { session } from "../api/session";
import { useWords } from "../i18n";
import { here, navigate, signInAddress } from "../router/location";
import { useStore } from "../state/store";
import { classes } from "../ui/controls";
import { Skeleton } from "../ui/feedback";

/**
 * A page: its title in the tab and as the heading, which takes the focus when one has come here from another page, so
 * that whoever does not see the page hears where they are.
 */
export function Page({ title, heading, lead, actions, width, children }: {
    title: string; heading?: ReactNode; lead?: ReactNode; actions?: ReactNode; width?: "narrow" | "wide";
    children: ReactNode;
}): ReactElement {
    const { t } = useWords();
    const element = useRef<HTMLHeadingElement>(null);
    const { visit } = useStore(here);
    useEffect(() => {
        document.title = title === t("app.name") ? title : `${title} · ${t("app.name")}`;
    }, [title, t]);
    useEffect(() => {
        if (visit > 1) element.current?.focus({ preventScroll: true });
    }, [visit]);
    return (
        <div className={classes("page", width)}>
            <header className="page-header">
                <div>
                    <h1 ref={element} tabIndex={-1}>{heading ?? title}</h1>
                    {lead !== undefined && <div className="lead">{lead}</div>}
                </div>
                {actions !== undefined && <div className="actions">{actions}</div>}
            </header>
            {children}
        </div>
    );
}

/** What only somebody who is signed in can see; others are asked to, and come back here. */
export function SignedIn({ children }: { children: ReactNode }): ReactElement {
    const state = useStore(session);
    useEffect(() => {
        if (state.kind === "signedOut") navigate(signInAddress(), { replace: true });
    }, [state.kind]);
    return state.kind === "signedIn" ? <>{children}</> : <div className="page"><Skeleton lines={6} /></div>;
}
