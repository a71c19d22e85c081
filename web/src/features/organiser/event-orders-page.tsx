import { useState, type ReactElement } from "react";
import type { EventOrder, OrderStatus } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { usePagedList, useResource } from "../../state/resource";
import { Button, Confirm, Select, TextField } from "../../ui/controls";
import { download } from "../../ui/download";
import { Badge, Empty, ErrorNotice, errorText, say, Skeleton } from "../../ui/feedback";
import { randomKey } from "../event/intent";
import { statusTones } from "../orders/order-page";
import { useTyped } from "./organise-page";
import { EventTabs } from "./tabs";

const statuses: readonly OrderStatus[] = ["pending", "paid", "confirmed", "cancelled", "refunded"];

/** All orders of a large event over a slow line. */
const EXPORT_LIMIT_MS = 600_000;

export function EventOrdersPage({ id }: { id: string }): ReactElement {
    const words = useWords();
    const { t } = words;
    const [typed, q, setTyped] = useTyped();
    const [status, setStatus] = useState<OrderStatus | "">("");
    const [asked, setAsked] = useState<EventOrder | undefined>(undefined);
    const { value: event } = useResource(id, (signal) => call("event", { as: "none", path: { id }, signal }));
    const filter = { ...(q === "" ? {} : { q }), ...(status === "" ? {} : { status }) };
    const orders = usePagedList<EventOrder>(`${id}|${q}|${status}`, (cursor, signal) =>
        call("listEventOrders", {
            path: { id }, signal, query: { ...filter, limit: 50, ...(cursor === undefined ? {} : { cursor }) },
        }),
    );
    const [isExporting, setExporting] = useState(false);
    async function save(): Promise<void> {
        setExporting(true);
        try {
            const file = await call("exportEventOrders", { path: { id }, query: filter, limitMs: EXPORT_LIMIT_MS });
            download(file, `orders-${id}.csv`);
        } catch (failure) {
            say(errorText(ApiError.of(failure), words), "bad");
        }
        setExporting(false);
    }
    return (
        <Page
            title={t("manage.orders")} heading={event?.title ?? t("manage.orders")} width="wide"
            actions={
                <Button icon="download" isBusy={isExporting} onClick={() => void save()}>{t("manage.export")}</Button>
            }
        >
            <EventTabs id={id} here="eventOrders" />
            <div className="filter">
                <TextField
                    label={t("manage.search")} type="search" value={typed} maxLength={150}
                    onChange={(changed) => setTyped(changed.target.value)}
                />
                <Select
                    label={t("manage.status")} value={status}
                    onChange={(changed) => setStatus(changed.target.value as OrderStatus | "")}
                >
                    <option value="">{t("manage.status.all")}</option>
                    {statuses.map((each) => <option key={each} value={each}>{t(`order.status.${each}`)}</option>)}
                </Select>
            </div>
            {orders.error !== undefined && <ErrorNotice error={orders.error} onRetry={orders.reload} />}
            {orders.items === undefined && orders.error === undefined && <Skeleton lines={8} />}
            {orders.items?.length === 0 && (
                <Empty icon="list" title={t("manage.none")}><p>{t("manage.none.text")}</p></Empty>
            )}
            {orders.items !== undefined && orders.items.length > 0 && (
                <div className="table-frame" tabIndex={0} role="region" aria-label={t("manage.orders")}>
                    <table className="data">
                        <thead>
                            <tr>
                                <th scope="col">{t("manage.buyer")}</th>
                                <th scope="col" className="number">{t("manage.tickets")}</th>
                                <th scope="col" className="number">{t("manage.total")}</th>
                                <th scope="col">{t("manage.ordered")}</th>
                                <th scope="col">{t("manage.status")}</th>
                                <th scope="col"><span className="visually-hidden">{t("manage.actions")}</span></th>
                            </tr>
                        </thead>
                        <tbody>
                            {orders.items.map((order) => (
                                <tr key={order.id}>
                                    <th scope="row">
                                        <span className="ellipsis">{order.buyer.email}</span>
                                        {order.buyer.name !== undefined && (
                                            <span className="hint">{order.buyer.name}</span>
                                        )}
                                    </th>
                                    <td className="number">{words.number(order.quantity)}</td>
                                    <td className="number">{words.money(order.totalPrice)}</td>
                                    <td>{words.short(order.createdAt)}</td>
                                    <td>
                                        <Badge tone={statusTones[order.status]}>
                                            {t(`order.status.${order.status}`)}
                                        </Badge>
                                        {order.failure !== undefined && (
                                            <span className="hint reason">{order.failure.code}</span>
                                        )}
                                    </td>
                                    <td className="number">
                                        {order.status === "confirmed" && (
                                            <Button look="quiet" icon="undo" onClick={() => setAsked(order)}>
                                                {t("manage.refund")}
                                            </Button>
                                        )}
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {orders.hasMore && (
                <div className="more">
                    <Button isBusy={orders.isLoadingMore} onClick={orders.loadMore}>{t("app.more")}</Button>
                </div>
            )}
            {asked !== undefined && (
                <Refund
                    key={asked.id} order={asked} onClose={() => setAsked(undefined)}
                    onDone={() => { setAsked(undefined); say(t("manage.refund.done")); orders.reload(); }}
                />
            )}
        </Page>
    );
}

function Refund({ order, onClose, onDone }: {
    order: EventOrder; onClose: () => void; onDone: () => void;
}): ReactElement {
    const words = useWords();
    const { t } = words;
    // One question, one refund, however often it is sent.
    const [key] = useState(randomKey);
    const [reason, setReason] = useState("");
    const valid = (order.tickets ?? []).filter((ticket) => ticket.status === "valid").map((ticket) => ticket.code);
    const [kept, setKept] = useState<readonly string[]>([]);
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<string | undefined>(undefined);
    async function refund(): Promise<void> {
        if (valid.length > 0 && kept.length === valid.length) {
            setError(t("manage.refund.nothing"));
            return;
        }
        setBusy(true);
        setError(undefined);
        try {
            await call("refundOrder", {
                path: { id: order.id }, headers: { "Idempotency-Key": key },
                body: {
                    ...(kept.length === 0 ? {} : { tickets: valid.filter((code) => !kept.includes(code)) }),
                    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
                },
            });
            onDone();
        } catch (failure) {
            setError(errorText(ApiError.of(failure), words));
            setBusy(false);
        }
    }
    return (
        <Confirm
            title={`${order.buyer.email}, ${words.money(order.totalPrice)}`} text={t("manage.refund.ask")}
            confirm={t("manage.refund.confirm")} isBusy={isBusy} error={error} onConfirm={() => void refund()}
            onClose={onClose}
        >
            {valid.length > 1 && (
                <fieldset className="choices">
                    <legend>{t("manage.refund.tickets")}</legend>
                    {valid.map((code) => (
                        <label key={code}>
                            <input
                                type="checkbox" checked={!kept.includes(code)}
                                onChange={({ target }) => setKept((before) => target.checked
                                    ? before.filter((other) => other !== code)
                                    : [...before, code])}
                            />
                            <code>…{code.slice(-6)}</code>
                        </label>
                    ))}
                </fieldset>
            )}
            <TextField
                label={t("manage.reason")} isOptional maxLength={500} value={reason}
                onChange={(changed) => setReason(changed.target.value)}
            />
        </Confirm>
    );
}
