import type { ReactElement } from "react";
import type { Event, Order } from "#openapi";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { usePagedList, useResource } from "../../state/resource";
import { Button } from "../../ui/controls";
import { Badge, Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { statusTones } from "../orders/order-page";
import { TicketTabs } from "./tabs";

export function OrdersPage(): ReactElement {
    const { t } = useWords();
    const orders = usePagedList<Order>("orders", (cursor, signal) =>
        call("listOrders", { query: cursor === undefined ? {} : { cursor }, signal }),
    );
    const titles = useTitles(orders.items?.map((order) => order.eventId) ?? []);
    return (
        <Page title={t("orders.title")}>
            <TicketTabs here="orders" />
            {orders.error !== undefined && <ErrorNotice error={orders.error} onRetry={orders.reload} />}
            {orders.items === undefined && orders.error === undefined && <Skeleton lines={4} isCard />}
            {orders.items?.length === 0 && (
                <Empty icon="list" title={t("orders.none")}>
                    <p>{t("orders.none.text")}</p>
                    <Link to="events" className="button primary">{t("app.toEvents")}</Link>
                </Empty>
            )}
            {orders.items !== undefined && orders.items.length > 0 && (
                <ul className="order-list">
                    {orders.items.map((order) => (
                        <OrderRow key={order.id} order={order} event={titles.get(order.eventId)} />
                    ))}
                </ul>
            )}
            {orders.hasMore && (
                <div className="more">
                    <Button isBusy={orders.isLoadingMore} onClick={orders.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}

function OrderRow({ order, event }: { order: Order; event: Event | undefined }): ReactElement {
    const words = useWords();
    const { t } = words;
    const refund = order.refunds?.[0];
    return (
        <li>
            <Link to="order" parameters={{ id: order.id }} className="order-row">
                <span className="order-what">
                    <strong>{event?.title ?? t("order.title")}</strong>
                    <span className="hint">
                        {t("order.tickets", { count: order.quantity })} · {words.short(order.createdAt)}
                        {refund !== undefined &&
                            ` · ${words.money(refund.amount)} ${t(`order.refund.${refund.status}`)}`}
                    </span>
                </span>
                <span className="order-total">
                    {order.totalPrice.amount === 0 ? t("event.free") : words.money(order.totalPrice)}
                </span>
                <Badge tone={statusTones[order.status]}>{t(`order.status.${order.status}`)}</Badge>
            </Link>
        </li>
    );
}

/** The events of some orders; one that is gone has no title. */
function useTitles(ids: readonly string[]): ReadonlyMap<string, Event> {
    const wanted = [...new Set(ids)].sort();
    const { value } = useResource(wanted.length === 0 ? undefined : wanted.join(), async (signal) => {
        const found = await Promise.all(
            wanted.map(async (id) => {
                try {
                    return await call("event", { as: "none", path: { id }, signal });
                } catch {
                    return undefined;
                }
            }),
        );
        return new Map(found.filter((event): event is Event => event !== undefined).map((event) => [event.id, event]));
    });
    return value ?? new Map();
}
