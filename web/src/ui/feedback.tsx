import { useEffect, type ReactElement, type ReactNode } from "react";
import { ApiError } from "../api/problem";
import { useWords, type Words } from "../i18n";
import { createStore, useStore } from "../state/store";
import { Button, classes } from "./controls";
import { Icon, type IconName } from "./icons";

export type Tone = "neutral" | "good" | "warning" | "bad" | "accent";

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }): ReactElement {
    return <span className={classes("badge", tone)}>{children}</span>;
}

const noticeIcons: Record<Tone, IconName> = {
    neutral: "clock", good: "check", warning: "warning", bad: "warning", accent: "ticket",
};

/**
 * Something to know, with what can be done about it. Those that come up while somebody looks are `alert` or `status`,
 * so that they are read out.
 */
export function Notice({ tone = "neutral", title, children, actions, role, icon }: {
    tone?: Tone; title?: string; children?: ReactNode; actions?: ReactNode; role?: "alert" | "status"; icon?: IconName;
}): ReactElement {
    return (
        <div className={classes("notice", tone)} role={role}>
            <Icon name={icon ?? noticeIcons[tone]} />
            <div>
                {title !== undefined && <p className="notice-title">{title}</p>}
                {children !== undefined && <div className="notice-text">{children}</div>}
                {actions !== undefined && <div className="actions">{actions}</div>}
            </div>
        </div>
    );
}

/** What an error is in words: ours for its code where there are some, else the server's. */
export function errorText(error: ApiError, { t, has }: Words): string {
    const key = `error.${error.code}`;
    if (has(key)) return t(key);
    return error.message === "" ? t("error.unexpected") : error.message;
}

export function ErrorNotice({ error, title, onRetry }: {
    error: ApiError; title?: string; onRetry?: () => void;
}): ReactElement {
    const words = useWords();
    return (
        <Notice
            tone="bad" role="alert" icon={error.code === "offline" ? "wifiOff" : "warning"}
            {...(title === undefined ? {} : { title })}
            {...(onRetry === undefined ? {} : { actions: <Button onClick={onRetry}>{words.t("app.retry")}</Button> })}
        >
            <p>{errorText(error, words)}</p>
            {error.status >= 500 && error.requestId !== undefined && (
                <p className="hint">{words.t("error.id", { id: error.requestId })}</p>
            )}
        </Notice>
    );
}

export function Empty({ icon, title, children }: {
    icon: IconName; title: string; children?: ReactNode;
}): ReactElement {
    return (
        <div className="empty">
            <Icon name={icon} size={32} />
            <h2>{title}</h2>
            {children}
        </div>
    );
}

/** In place of what is being fetched; comes up late, so that a quick answer does not flicker. */
export function Skeleton({ lines = 3, isCard = false }: { lines?: number; isCard?: boolean }): ReactElement {
    const { t } = useWords();
    return (
        <div className={classes("skeleton", isCard && "card")} role="status" aria-label={t("app.loading")}>
            {Array.from({ length: lines }, (_, index) => <span key={index} />)}
        </div>
    );
}

interface Toast {
    id: number;
    text: string;
    tone: Tone;
}

const toasts = createStore<readonly Toast[]>([]);
const TOAST_MS = 6000;
let count = 0;

/** Says something in passing, also to whoever hears the page. */
export function say(text: string, tone: Tone = "good"): void {
    count += 1;
    const id = count;
    toasts.set((before) => [...before.slice(-2), { id, text, tone }]);
}

function drop(id: number): void {
    toasts.set((before) => before.filter((toast) => toast.id !== id));
}

export function Toasts(): ReactElement {
    const all = useStore(toasts);
    return (
        <div className="toasts" role="status" aria-live="polite">
            {all.map((toast) => <ToastView key={toast.id} toast={toast} />)}
        </div>
    );
}

function ToastView({ toast }: { toast: Toast }): ReactElement {
    const { t } = useWords();
    useEffect(() => {
        const timer = setTimeout(() => drop(toast.id), TOAST_MS);
        return () => clearTimeout(timer);
    }, [toast.id]);
    return (
        <div className={classes("toast", toast.tone)}>
            <Icon name={noticeIcons[toast.tone]} />
            <span>{toast.text}</span>
            <button type="button" className="icon-button" aria-label={t("app.close")} onClick={() => drop(toast.id)}>
                <Icon name="cross" size={16} />
            </button>
        </div>
    );
}
