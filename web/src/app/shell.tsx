import { useEffect, useState, type ReactElement, type ReactNode } from "react";
import { session, signOut } from "../api/session";
import { chooseLanguage, languages, useWords, type Language } from "../i18n";
import { Link } from "../router/link";
import { here, signInAddress } from "../router/location";
import type { RouteName } from "../router/routes";
import { useStore } from "../state/store";
import { classes } from "../ui/controls";
import { Notice, Toasts } from "../ui/feedback";
import { Icon, type IconName } from "../ui/icons";
import { chooseTheme, readTheme, type Theme } from "../ui/theme";

const sections: Record<"events" | "tickets" | "organise" | "gates" | "account", readonly RouteName[]> = {
    events: ["events", "event"],
    tickets: ["tickets", "ticket", "orders", "order"],
    organise: ["organise", "newEvent", "dashboard", "editEvent", "eventOrders", "users", "audit"],
    gates: ["gates", "gate"],
    account: ["account", "signIn", "register", "forgotPassword", "resetPassword"],
};

/** What is around every page: the way about, the settings, and what is said in passing. */
export function Shell({ children }: { children: ReactNode }): ReactElement {
    const { t } = useWords();
    const isOnline = useOnline();
    return (
        <>
            <a className="skip" href="#main">{t("app.skip")}</a>
            <Header />
            <main id="main" tabIndex={-1}>
                {!isOnline && (
                    <div className="banner">
                        <Notice tone="warning" role="status" icon="wifiOff">{t("app.offline")}</Notice>
                    </div>
                )}
                {children}
            </main>
            <Footer />
            <Toasts />
        </>
    );
}

function Header(): ReactElement {
    const { t } = useWords();
    const state = useStore(session);
    const isAdmin = state.kind === "signedIn" && state.account.role === "admin";
    return (
        <header className="site-header">
            <div className="bar">
                <Link to="events" className="wordmark" aria-label={t("app.name")}>
                    <Mark />
                    <span aria-hidden="true">Onsale</span>
                </Link>
                <nav aria-label={t("app.menu")} className="site-nav">
                    <Tab to="events" icon="calendar" label={t("nav.events")} />
                    <Tab to="tickets" icon="ticket" label={t("nav.tickets")} />
                    {isAdmin && <Tab to="organise" icon="chart" label={t("nav.organise")} />}
                    {isAdmin && <Tab to="gates" icon="gate" label={t("nav.gate")} />}
                    <AccountTab />
                </nav>
            </div>
        </header>
    );
}

function Mark(): ReactElement {
    return (
        <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path
                className="mark-ground"
                d="M5 7h22a2 2 0 0 1 2 2v4a3 3 0 0 0 0 6v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4a3 3 0 0 0 0-6V9a2 2 0 0 1 2-2z"
            />
            <path
                className="mark-line" strokeWidth="2" strokeLinecap="round" strokeDasharray="0.1 3.4" d="M20 10.5v12"
            />
            <circle className="mark-line" cx="12" cy="16" r="3.4" fill="none" strokeWidth="2" />
        </svg>
    );
}

function useSection(): keyof typeof sections | undefined {
    const { page } = useStore(here);
    if (page === undefined) return undefined;
    return (Object.keys(sections) as Array<keyof typeof sections>).find((section) => sections[section].includes(
        page.name,
    ));
}

function Tab({ to, icon, label }: {
    to: "events" | "tickets" | "organise" | "gates"; icon: IconName; label: string;
}): ReactElement {
    const isHere = useSection() === to;
    return (
        <Link to={to} className={classes("tab", isHere && "here")} aria-current={isHere ? "page" : undefined}>
            <Icon name={icon} />
            <span>{label}</span>
        </Link>
    );
}

function AccountTab(): ReactElement {
    const { t } = useWords();
    const state = useStore(session);
    const section = useSection();
    // Comes back to the page one is on, which changes.
    useStore(here);
    const isHere = section === "account";
    if (state.kind === "signedIn") {
        return (
            <Link to="account" className={classes("tab", isHere && "here")} aria-current={isHere ? "page" : undefined}>
                <Icon name="user" />
                <span>{t("nav.account")}</span>
            </Link>
        );
    }
    const query = isHere ? "" : signInAddress().replace(/^[^?]*/, "");
    return (
        <Link
            to="signIn" query={query} className={classes("tab", isHere && "here")}
            aria-current={isHere ? "page" : undefined}
        >
            <Icon name="user" />
            <span>{t("nav.signIn")}</span>
        </Link>
    );
}

function Footer(): ReactElement {
    const { t, language } = useWords();
    const state = useStore(session);
    const [theme, setTheme] = useState<Theme>(readTheme);
    return (
        <footer className="site-footer">
            <p>{t("app.footer")} <a href="/docs">{t("app.api")}</a></p>
            <div className="settings">
                <label className="setting">
                    <Icon name="globe" size={18} label={t("app.language")} />
                    <select value={language} onChange={(event) => void chooseLanguage(event.target.value as Language)}>
                        {languages.map(({ code, name }) => <option key={code} value={code} lang={code}>{name}</option>)}
                    </select>
                </label>
                <label className="setting">
                    <Icon name={theme === "dark" ? "moon" : "sun"} size={18} label={t("app.theme")} />
                    <select
                        value={theme} onChange={(event) => {
                            const next = event.target.value as Theme;
                            chooseTheme(next);
                            setTheme(next);
                        }}
                    >
                        <option value="system">{t("app.theme.system")}</option>
                        <option value="light">{t("app.theme.light")}</option>
                        <option value="dark">{t("app.theme.dark")}</option>
                    </select>
                </label>
                {state.kind === "signedIn" && (
                    <button type="button" className="link-button" onClick={() => void signOut()}>
                        {t("nav.signOut")}
                    </button>
                )}
            </div>
        </footer>
    );
}

export function useOnline(): boolean {
    const [isOnline, setOnline] = useState(navigator.onLine);
    useEffect(() => {
        const update = (): void => setOnline(navigator.onLine);
        window.addEventListener("online", update);
        window.addEventListener("offline", update);
        return () => {
            window.removeEventListener("online", update);
            window.removeEventListener("offline", update);
        };
    }, []);
    return isOnline;
}
