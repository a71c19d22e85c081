import type { ReactElement } from "react";
import type { TicketStatus } from "#openapi";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { classes } from "../../ui/controls";
import { Badge, type Tone } from "../../ui/feedback";
import { QRCode, spaced } from "./qr-code";

const tones: Record<TicketStatus, Tone> = { valid: "good", used: "neutral", cancelled: "bad", transferred: "neutral" };

export function TicketBadge({ status }: { status: TicketStatus }): ReactElement {
    const { t } = useWords();
    return <Badge tone={tones[status]}>{t(`ticket.status.${status}`)}</Badge>;
}

export interface TicketFacts {
    code: string;
    status: TicketStatus;
    number: number;
    count: number;
    event: { title: string; venue: string; eventDate: string };
}

/** A ticket as one would hold it: what it is for on the left, the code to be scanned on the stub. */
export function TicketCard({ ticket, isLink = true, level: Heading = "h2" }: {
    ticket: TicketFacts; isLink?: boolean; level?: "h2" | "h3";
}): ReactElement {
    const { t, dateTime } = useWords();
    const isValid = ticket.status === "valid";
    const of = t("ticket.of", { number: ticket.number, count: ticket.count });
    return (
        <article className={classes("ticket", !isValid && "void")}>
            <div className="ticket-main">
                <p className="ticket-of">{of} <TicketBadge status={ticket.status} /></p>
                <Heading>
                    {isLink
                        ? <Link to="ticket" parameters={{ code: ticket.code }}>{ticket.event.title}</Link>
                        : ticket.event.title}
                </Heading>
                <p className="ticket-when">{dateTime(ticket.event.eventDate)}</p>
                <p className="ticket-where">{ticket.event.venue}</p>
                <p className="ticket-code">
                    <span className="visually-hidden">{t("ticket.code")} </span>
                    <code>{spaced(ticket.code)}</code>
                </p>
            </div>
            <div className="ticket-stub">
                {isValid
                    ? (
                        <QRCode
                            code={ticket.code}
                            label={t("ticket.qr", { number: ticket.number, title: ticket.event.title })}
                        />
                    )
                    : <p className="void-mark">{t(`ticket.status.${ticket.status}`)}</p>}
            </div>
        </article>
    );
}
