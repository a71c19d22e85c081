import { useEffect, useState, type ReactElement } from "react";
import { register, session, signIn } from "../../api/session";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { here, navigate, safeReturn } from "../../router/location";
import { useStore } from "../../state/store";
import { Button, PasswordField, TextField } from "../../ui/controls";
import { errorText, Notice } from "../../ui/feedback";
import { useForm } from "../../ui/form";

/** Goes on to where one came from as soon as somebody is signed in, also by another tab. */
function useReturn(): string {
    const { search } = useStore(here);
    const state = useStore(session);
    const to = safeReturn(search);
    useEffect(() => {
        if (state.kind === "signedIn") navigate(to, { replace: true });
    }, [state.kind, to]);
    return search;
}

export function SignInPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const search = useReturn();
    const state = useStore(session);
    const [email, setEmail] = useState("");
    const [password, setPassword] = useState("");
    const form = useForm(
        () => ({
            ...(email.trim() === "" ? { email: t("edit.required") } : {}),
            ...(password === "" ? { password: t("edit.required") } : {}),
        }),
        () => signIn(email.trim(), password),
    );
    return (
        <Page title={t("account.signIn")} lead={<p>{t("account.signIn.lead")}</p>} width="narrow">
            {state.kind === "signedOut" && state.because === "expired" && (
                <Notice tone="warning" role="status">{t("account.expired")}</Notice>
            )}
            <form className="panel" onSubmit={form.submit} noValidate>
                {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                    <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
                )}
                <TextField
                    label={t("account.email")} type="email" autoComplete="username" inputMode="email" required
                    value={email} error={form.errors["email"]} onChange={(event) => setEmail(event.target.value)}
                />
                <PasswordField
                    label={t("account.password")} autoComplete="current-password" required value={password}
                    error={form.errors["password"]} onChange={(event) => setPassword(event.target.value)}
                />
                <Button look="primary" isWide type="submit" isBusy={form.isBusy}>{t("account.signIn")}</Button>
                <p className="beside"><Link to="forgotPassword">{t("account.forgot")}</Link></p>
            </form>
            <p className="below">
                {t("account.haveNone")} <Link to="register" query={search}>{t("account.register")}</Link>
            </p>
        </Page>
    );
}

export function RegisterPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const search = useReturn();
    const [name, setName] = useState("");
    const [email, setEmail] = useState("");
    const [password, setPassword] = useState("");
    const form = useForm(
        () => ({
            ...(email.trim() === "" ? { email: t("edit.required") } : {}),
            ...(password.length < 8 ? { password: t("account.password.hint") } : {}),
        }),
        () => register(email.trim(), password, name.trim()),
    );
    return (
        <Page title={t("account.register")} lead={<p>{t("account.register.lead")}</p>} width="narrow">
            <form className="panel" onSubmit={form.submit} noValidate>
                {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                    <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
                )}
                <TextField
                    label={t("account.name")} isOptional autoComplete="name" maxLength={200} value={name}
                    error={form.errors["name"]} onChange={(event) => setName(event.target.value)}
                />
                <TextField
                    label={t("account.email")} type="email" autoComplete="username" inputMode="email" required
                    value={email} error={form.errors["email"]} onChange={(event) => setEmail(event.target.value)}
                />
                <PasswordField
                    label={t("account.password")} hint={t("account.password.hint")} autoComplete="new-password" required
                    value={password} error={form.errors["password"]}
                    onChange={(event) => setPassword(event.target.value)}
                />
                <Button look="primary" isWide type="submit" isBusy={form.isBusy}>{t("account.register")}</Button>
            </form>
            <p className="below">
                {t("account.haveOne")} <Link to="signIn" query={search}>{t("account.signIn")}</Link>
            </p>
        </Page>
    );
}
