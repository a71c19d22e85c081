import { useState, type ReactElement } from "react";
import type { Ticket, TicketHolder } from "#openapi";
import { call } from "../../api/client";
import { session } from "../../api/session";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { useResource } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, Dialog, TextField } from "../../ui/controls";
import { Empty, ErrorNotice, errorText, Notice, say, Skeleton } from "../../ui/feedback";
import { useForm } from "../../ui/form";
import { TicketCard } from "./ticket-card";

/** One ticket, large, as it is held to a scanner; and what can be done with it. */
export function TicketPage({ code }: { code: string }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [isHanding, setHanding] = useState(false);
    const { value: ticket, error, reload, replace } = useResource(
        code, (signal) => call("ticket", { path: { code }, signal }), 15_000,
    );
    if (ticket === undefined) {
        if (error === undefined) return <div className="page"><Skeleton lines={6} isCard /></div>;
        if (error.status !== 404) return <div className="page"><ErrorNotice error={error} onRetry={reload} /></div>;
        return (
            <Page title={t("ticket.missing")}>
                <Empty icon="ticket" title={t("ticket.missing.text")}>
                    <Link to="tickets" className="button primary">{t("tickets.title")}</Link>
                </Empty>
            </Page>
        );
    }
    const isValid = ticket.status === "valid";
    return (
        <Page
            title={ticket.event.title} width="narrow"
            lead={<p>{isValid ? t("ticket.bright") : statusText(ticket, words)}</p>}
            actions={
                <>
                    <Button icon="print" onClick={() => window.print()} disabled={!isValid}>{t("order.print")}</Button>
                    {isValid && <Button icon="send" onClick={() => setHanding(true)}>{t("ticket.transfer")}</Button>}
                </>
            }
        >
            {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
            <div className="tickets big"><TicketCard ticket={ticket} isLink={false} /></div>
            <p><Link to="order" parameters={{ id: ticket.orderId }}>{t("ticket.order")}</Link></p>
            {ticket.custody !== undefined && ticket.custody.length > 0 && <Custody ticket={ticket} />}
            {isHanding && (
                <HandOn
                    ticket={ticket} onClose={() => setHanding(false)} onDone={(changed, email) => {
                        setHanding(false);
                        replace(changed);
                        say(t("ticket.transfer.done", { email }));
                    }}
                />
            )}
        </Page>
    );
}

function statusText(ticket: Ticket, { t, short }: ReturnType<typeof useWords>): string {
    if (ticket.status !== "used" || ticket.usedAt === undefined) return t("ticket.void");
    const when = short(ticket.usedAt);
    return ticket.gate === undefined ? t("ticket.used", { when }) : t("ticket.usedAt", { when, gate: ticket.gate });
}

function Custody({ ticket }: { ticket: Ticket }): ReactElement {
    const { t, short } = useWords();
    const state = useStore(session);
    const own = state.kind === "signedIn" ? state.account.id : "";
    function words(step: "bought" | "handed", holder: TicketHolder | undefined): string {
        if (holder !== undefined && holder.id === own) return t(`ticket.custody.${step}.you`);
        const who = holder?.email ?? holder?.name;
        return who === undefined ? t(`ticket.custody.${step}.someone`) : t(`ticket.custody.${step}`, { who });
    }
    return (
        <details className="details no-print">
            <summary>{t("ticket.custody")}</summary>
            <ol className="rows">
                {ticket.custody?.map((step, index) => (
                    <li key={index}>
                        <span>{words(step.from === undefined ? "bought" : "handed", step.to)}</span>
                        <span className="hint">{short(step.at)}</span>
                    </li>
                ))}
            </ol>
        </details>
    );
}

function HandOn({ ticket, onClose, onDone }: {
    ticket: Ticket; onClose: () => void; onDone: (ticket: Ticket, email: string) => void;
}): ReactElement {
    const words = useWords();
    const { t } = words;
    const [email, setEmail] = useState("");
    const form = useForm(
        () => (email.includes("@") ? {} : { email: t("edit.required") }),
        async () => onDone(
            await call("transferTicket", { path: { code: ticket.code }, body: { email: email.trim() } }), email.trim(),
        ),
    );
    return (
        <Dialog title={t("ticket.transfer.title")} onClose={onClose}>
            <form onSubmit={form.submit} noValidate>
                <Notice tone="warning">{t("ticket.transfer.text")}</Notice>
                <TextField
                    label={t("ticket.transfer.email")} type="email" autoComplete="off" inputMode="email" required
                    value={email} error={form.errors["email"]}
                    onChange={(event) => setEmail(event.target.value)}
                />
                {form.error !== undefined && Object.keys(form.errors).length === 0 && (
                    <p className="error" role="alert">{errorText(form.error, words)}</p>
                )}
                <div className="actions">
                    <Button onClick={onClose}>{t("app.cancel")}</Button>
                    <Button look="primary" type="submit" isBusy={form.isBusy}>{t("ticket.transfer.button")}</Button>
                </div>
            </form>
        </Dialog>
    );
}
