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

/**
 * What only somebody who is signed in can see; others are asked to, and come back here.
 *
 * @param isOfUse Whether it is of use, too, while the service does not answer who this is.
 */
export function SignedIn({ isOfUse = false, children }: { isOfUse?: boolean; children: ReactNode }): ReactElement {
    const state = useStore(session);
    useEffect(() => {
        if (state.kind === "signedOut") navigate(signInAddress(), { replace: true });
    }, [state.kind]);
    const isUnanswered = state.kind === "unknown" && state.unanswered !== undefined;
    const isShown = state.kind === "signedIn" || (isOfUse && isUnanswered);
    return isShown ? <>{children}</> : <div className="page"><Skeleton lines={6} /></div>;
}
