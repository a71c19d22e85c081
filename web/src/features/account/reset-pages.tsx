import { useEffect, useState, type ReactElement } from "react";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { Button, PasswordField, TextField } from "../../ui/controls";
import { errorText, Notice } from "../../ui/feedback";
import { useForm } from "../../ui/form";

export function ForgotPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [email, setEmail] = useState("");
    const [sentTo, setSentTo] = useState<string | undefined>(undefined);
    const form = useForm(
        () => (email.trim() === "" ? { email: t("edit.required") } : {}),
        async () => {
            await call("requestPasswordReset", { as: "none", body: { email: email.trim() } });
            setSentTo(email.trim());
        },
    );
    return (
        <Page title={t("account.forgot.title")} lead={<p>{t("account.forgot.lead")}</p>} width="narrow">
            {sentTo !== undefined ? (
                <Notice tone="good" role="status" icon="mail" title={t("account.forgot.sent")}>
                    {t("account.forgot.sent.text", { email: sentTo })}
                </Notice>
            ) : (
                <form className="panel" onSubmit={form.submit} noValidate>
                    {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                        <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
                    )}
                    <TextField
                        label={t("account.email")} type="email" autoComplete="username" inputMode="email" required
                        value={email} error={form.errors["email"]} onChange={(event) => setEmail(event.target.value)}
                    />
                    <Button look="primary" isWide type="submit" isBusy={form.isBusy}>
                        {t("account.forgot.button")}
                    </Button>
                </form>
            )}
            <p className="below"><Link to="signIn">{t("account.signIn")}</Link></p>
        </Page>
    );
}

/**
 * Where the mailed link leads. The token is in the fragment, which no server is sent, and is taken out of the address.
 */
export function ResetPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [token] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "");
    const [password, setPassword] = useState("");
    const [isDone, setDone] = useState(false);
    useEffect(() => {
        if (window.location.hash !== "") history.replaceState(null, "", window.location.pathname);
    }, []);
    const form = useForm(
        () => (password.length < 8 ? { newPassword: t("account.password.hint") } : {}),
        async () => {
            await call("resetPassword", { as: "none", body: { token, newPassword: password } });
            setDone(true);
        },
    );
    if (token === "") {
        return (
            <Page title={t("account.reset.title")} width="narrow">
                <Notice
                    tone="bad"
                    actions={<Link to="forgotPassword" className="button primary">{t("account.forgot.button")}</Link>}
                >{t("account.reset.missing")}</Notice>
            </Page>
        );
    }
    return (
        <Page title={t("account.reset.title")} width="narrow">
            {isDone ? (
                <Notice
                    tone="good" role="status"
                    actions={<Link to="signIn" className="button primary">{t("account.signIn")}</Link>}
                >{t("account.reset.done")}</Notice>
            ) : (
                <form className="panel" onSubmit={form.submit} noValidate>
                    {form.error !== undefined && form.errors["newPassword"] === undefined && (
                        <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>
                    )}
                    <PasswordField
                        label={t("account.new")} hint={t("account.password.hint")} autoComplete="new-password" required
                        value={password} error={form.errors["newPassword"]}
                        onChange={(event) => setPassword(event.target.value)}
                    />
                    <Button look="primary" isWide type="submit" isBusy={form.isBusy}>
                        {t("account.reset.button")}
                    </Button>
                </form>
            )}
        </Page>
    );
}
