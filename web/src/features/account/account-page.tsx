import { useState, type ReactElement } from "react";
import type { Account } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { accountChanged, changePassword, COOKIE, session, signOut } from "../../api/session";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { navigate } from "../../router/location";
import { useResource } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, Confirm, PasswordField, TextField } from "../../ui/controls";
import { download } from "../../ui/download";
import { Badge, ErrorNotice, errorText, Notice, say, Skeleton } from "../../ui/feedback";
import { useForm } from "../../ui/form";
import { Icon } from "../../ui/icons";
import { deviceOf } from "./device";

export function AccountPage(): ReactElement {
    const { t, date } = useWords();
    const state = useStore(session);
    if (state.kind !== "signedIn") return <Skeleton />;
    const { account } = state;
    return (
        <Page
            title={t("account.title")} width="narrow"
            lead={<p>{account.email} · {t("account.since", { when: date(account.createdAt) })}</p>}
            actions={<Button onClick={() => { void signOut(); navigate("/"); }}>{t("nav.signOut")}</Button>}
        >
            <Profile key={account.id} account={account} />
            <Password />
            <Sessions />
            <Data account={account} />
        </Page>
    );
}

function Profile({ account }: { account: Account }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [name, setName] = useState(account.name ?? "");
    const [email, setEmail] = useState(account.email);
    const [password, setPassword] = useState("");
    const isNewEmail = email.trim() !== account.email;
    const form = useForm(
        () => ({
            ...(email.trim() === "" ? { email: t("edit.required") } : {}),
            ...(isNewEmail && password === "" ? { currentPassword: t("edit.required") } : {}),
        }),
        async () => {
            const body = {
                name: name.trim() === "" ? null : name.trim(),
                ...(isNewEmail ? { email: email.trim(), currentPassword: password } : {}),
            };
            accountChanged(await call("changeUser", { path: { id: account.id }, body }));
            setPassword("");
            say(t("app.saved"));
        },
    );
    return (
        <form className="panel" onSubmit={form.submit} noValidate>
            <h2>{t("account.profile")}</h2>
            {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
            )}
            <TextField
                label={t("account.name")} isOptional autoComplete="name" maxLength={200} value={name}
                error={form.errors["name"]} onChange={(event) => setName(event.target.value)}
            />
            <TextField
                label={t("account.email")} type="email" autoComplete="email" required value={email}
                error={form.errors["email"]} onChange={(event) => setEmail(event.target.value)}
            />
            {isNewEmail && (
                <PasswordField
                    label={t("account.email.password")} autoComplete="current-password" value={password}
                    error={form.errors["currentPassword"]} onChange={(event) => setPassword(event.target.value)}
                />
            )}
            <div className="actions">
                <Button look="primary" type="submit" isBusy={form.isBusy}>{t("app.save")}</Button>
            </div>
        </form>
    );
}

function Password(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [current, setCurrent] = useState("");
    const [next, setNext] = useState("");
    const form = useForm(
        () => ({
            ...(current === "" ? { currentPassword: t("edit.required") } : {}),
            ...(next.length < 8 ? { newPassword: t("account.password.hint") } : {}),
        }),
        async () => {
            await changePassword(current, next);
            setCurrent("");
            setNext("");
            say(t("account.changed"));
        },
    );
    return (
        <form className="panel" onSubmit={form.submit} noValidate>
            <h2>{t("account.change")}</h2>
            {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
            )}
            <PasswordField
                label={t("account.current")} autoComplete="current-password" value={current}
                error={form.errors["currentPassword"]} onChange={(event) => setCurrent(event.target.value)}
            />
            <PasswordField
                label={t("account.new")} hint={t("account.password.hint")} autoComplete="new-password" value={next}
                error={form.errors["newPassword"]} onChange={(event) => setNext(event.target.value)}
            />
            <div className="actions">
                <Button look="primary" type="submit" isBusy={form.isBusy}>{t("account.change")}</Button>
            </div>
        </form>
    );
}

function Sessions(): ReactElement {
    const words = useWords();
    const { t, relative } = words;
    // With the cookie, so that the answer says which of them is this one.
    const { value, error, reload } = useResource(
        "sessions", (signal) => call("listSessions", { headers: COOKIE, signal }),
    );
    async function end(id: string): Promise<void> {
        try {
            await call("endSession", { path: { id } });
            say(t("account.sessions.ended"));
        } catch (failure) {
            say(errorText(ApiError.of(failure), words), "bad");
        }
        reload();
    }
    return (
        <section className="panel">
            <h2>{t("account.sessions")}</h2>
            {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
            {value === undefined && error === undefined && <Skeleton lines={2} />}
            {value !== undefined && (
                <>
                    <p className="hint">{t("account.sessions.text")}</p>
                    <ul className="rows">
                        {value.items.map((entry) => (
                            <li key={entry.id}>
                                <span>
                                    {deviceOf(entry.userAgent) ?? t("account.sessions.unknown")}{" "}
                                    {entry.current && <Badge tone="accent">{t("account.sessions.current")}</Badge>}
                                </span>
                                <span className="hint">
                                    {t("account.sessions.used", {
                                        when: relative(Date.parse(entry.lastUsedAt) - Date.now()),
                                    })}
                                </span>
                                {!entry.current && (
                                    <Button onClick={() => void end(entry.id)}>{t("account.sessions.end")}</Button>
                                )}
                            </li>
                        ))}
                    </ul>
                </>
            )}
            <div className="actions">
                <Button onClick={() => { void signOut(true); navigate("/"); }}>{t("account.everywhere")}</Button>
            </div>
        </section>
    );
}

function Data({ account }: { account: Account }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [isAsking, setAsking] = useState(false);
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<string | undefined>(undefined);
    async function save(): Promise<void> {
        try {
            const data = await call("exportUser", { path: { id: account.id } });
            download(new Blob([JSON.stringify(data, undefined, 2)], { type: "application/json" }), "onsale.json");
        } catch (failure) {
            say(errorText(ApiError.of(failure), words), "bad");
        }
    }
    async function remove(): Promise<void> {
        setBusy(true);
        setError(undefined);
        try {
            await call("deleteUser", { path: { id: account.id } });
            await signOut().catch(() => undefined);
            say(t("account.deleted"));
            navigate("/");
        } catch (failure) {
            setError(errorText(ApiError.of(failure), words));
            setBusy(false);
        }
    }
    return (
        <section className="panel">
            <h2>{t("account.data")}</h2>
            <div className="actions">
                <Button icon="download" onClick={() => void save()}>{t("account.export")}</Button>
                <Button look="quiet" className="danger-text" onClick={() => setAsking(true)}>
                    <Icon name="warning" size={16} /> {t("account.delete")}
                </Button>
            </div>
            {isAsking && (
                <Confirm
                    title={t("account.delete")} text={t("account.delete.ask")} confirm={t("account.delete.confirm")}
                    isBusy={isBusy} error={error}
                    onConfirm={() => void remove()} onClose={() => setAsking(false)}
                />
            )}
        </section>
    );
}
